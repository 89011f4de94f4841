"""What `kubectl kustomize DIRECTORY` gives, for what the manifests here use of it: overlay.py DIRECTORY

Debian 12's kubectl (1.20) does not know `patches` as they are now. Kustomize 5.5 gives the same objects (seen).
"""

import os
import sys

import yaml

KNOWN = {"apiVersion", "kind", "namespace", "resources", "patches"}


def read(path):
    with open(path, encoding="utf-8") as file:
        return list(yaml.safe_load_all(file))


def build(directory):
    [overlay] = read(os.path.join(directory, "kustomization.yaml"))
    if unknown := overlay.keys() - KNOWN:
        sys.exit(f"{directory}: {unknown} is not known here")
    objects = []
    for resource in overlay["resources"]:
        path = os.path.join(directory, resource)
        objects += build(path) if os.path.isdir(path) else read(path)
    for one in objects:
        if "namespace" in overlay and one["kind"] != "Namespace":
            one["metadata"]["namespace"] = overlay["namespace"]
    for patch in overlay.get("patches", []):
        replace(objects, patch["target"], yaml.safe_load(patch["patch"]))
    return objects


def replace(objects, target, operations):
    [found] = [
        one
        for one in objects
        if one["kind"] == target["kind"] and one["metadata"]["name"] == target["name"]
    ]
    for operation in operations:
        if operation["op"] != "replace":
            sys.exit(f"{operation['op']} is not known here")
        *path, last = operation["path"].split("/")[1:]
        at = found
        for name in path:
            at = at[int(name)] if isinstance(at, list) else at[name]
        if last not in at:
            sys.exit(f"{operation['path']} is not there to be replaced")
        at[last] = operation["value"]


yaml.safe_dump_all(build(sys.argv[1]), sys.stdout, sort_keys=False)
