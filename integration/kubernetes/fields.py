"""Reads YAML documents from standard input and tells which of their members the Kubernetes API does not have, or has with another type, one to
a line: by the types that Kubernetes publishes (python3-kubernetes, made from its OpenAPI description)."""

import re
import sys

import yaml
from kubernetes.client import models

SCALARS = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object, "datetime": str}


def check(value, kind, where):
    listed = re.fullmatch(r"list\[(.*)\]", kind)
    mapped = re.fullmatch(r"dict\(str, (.*)\)", kind)
    if kind in SCALARS:
        right = isinstance(value, SCALARS[kind]) and not (kind == "int" and isinstance(value, bool))
        if not right:
            yield f"{where}: expected {kind}, found {value!r}"
    elif listed:
        if not isinstance(value, list):
            yield f"{where}: expected a list, found {value!r}"
            return
        for index, item in enumerate(value):
            yield from check(item, listed[1], f"{where}[{index}]")
    elif mapped:
        if not isinstance(value, dict):
            yield f"{where}: expected a map, found {value!r}"
            return
        for name, item in value.items():
            yield from check(item, mapped[1], f"{where}.{name}")
    else:
        yield from check_object(value, getattr(models, kind), where)


def check_object(value, model, where):
    if not isinstance(value, dict):
        yield f"{where}: expected an object, found {value!r}"
        return
    kinds = {model.attribute_map[name]: kind for name, kind in model.openapi_types.items()}
    for name, item in value.items():
        if name in kinds:
            yield from check(item, kinds[name], f"{where}.{name}")
        else:
            yield f"{where}: no member {name!r}"


for document in yaml.safe_load_all(sys.stdin):
    version = document["apiVersion"].split("/")[-1].capitalize()
    for line in check_object(document, getattr(models, version + document["kind"]), document["kind"]):
        print(line)
