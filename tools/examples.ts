const EXAMPLES: Readonly<Record<string, readonly (readonly [command: string, what: string])[]>> = {
  'oci-measure': [
    ['oci-measure doctor', 'is this machine ready?'],
    ['oci-measure digest oci:/srv/layout', 'the digest of an image'],
    ['oci-measure diff oci:/srv/layout /srv/rootfs', 'what differs'],
    ['oci-measure containers', 'which container is which measurement'],
    ['oci-measure help digest', 'more about one command'],
  ],
  hook: [
    ['oci-measure hook createRuntime < state.json', 'by hand, as a runtime calls it'],
    ['oci-measure hook --config /etc/oci-measure/lab.toml', 'with another configuration'],
  ],
  digest: [
    ['oci-measure digest /srv/rootfs', 'sha256:…'],
    ['oci-measure digest oci:/srv/layout:v1', 'of an image that was never unpacked'],
    ['oci-measure digest docker-archive:web.tar', 'as `docker save` writes it'],
    ['oci-measure digest /srv/rootfs --listing | sha256sum', 'the same digest, by coreutils'],
    ['oci-measure digest oci:/srv/layout --listing > web', 'keep it, as listing:web'],
  ],
  diff: [
    ['oci-measure diff oci:/srv/layout:v1 oci:/srv/layout:v2', 'what an update changes'],
    ['oci-measure diff listing:web /srv/rootfs', 'what changed since the listing was kept'],
    ["oci-measure diff A B --json | jq -r '.differences[].path'", 'for programs'],
  ],
  containers: [
    ['oci-measure containers', 'a table'],
    ['oci-measure containers 3f2a', 'one container; the beginning of its id will do'],
    ["oci-measure containers --json | jq -r '.[] | [.id, .digest] | @tsv'", 'for programs'],
  ],
  log: [
    ['oci-measure log', 'every record, and whether the TPM agrees'],
    ["oci-measure log --json | jq '.replay'", 'for programs'],
  ],
  install: [
    ['oci-measure install podman --dry-run', 'what would be done, every file as a diff'],
    ['oci-measure install containerd --restart', 'do it, and restart containerd'],
    ['oci-measure install crio --root /mnt', "below /mnt: an image, or another machine's disk"],
    ['oci-measure install ima --dry-run', 'what would be done, and the policy it results in'],
    ['oci-measure install ima --load', 'do it, and have the kernel take the policy now'],
    ['oci-measure install ima --partition /dev/sdb1', 'with a partition for the records'],
  ],
  uninstall: [
    ['oci-measure uninstall podman', 'every file is again what it was'],
    [
      'oci-measure uninstall containerd --restart',
      'likewise, and nothing starts the hook any more',
    ],
    ['oci-measure uninstall ima', 'the policy file is again what it was'],
  ],
  doctor: [
    ['oci-measure doctor', 'exit code 1 when something must be mended'],
    ['oci-measure doctor --json | jq \'.findings[] | select(.status != "ok")\'', 'for programs'],
    [
      'oci-measure doctor --config /etc/oci-measure/lab.toml',
      'with the configuration the hook will use',
    ],
  ],
};

/** Indented lines: each command, and what it shows. */
export function examples(command: string): string {
  const rows = EXAMPLES[command] ?? [];
  const width = Math.max(0, ...rows.map(([line]) => line.length));
  return rows.map(([line, what]) => `  ${line.padEnd(width)}  # ${what}`).join('\n');
}
