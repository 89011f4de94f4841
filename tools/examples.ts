const EXAMPLES: Readonly<Record<string, readonly (readonly [command: string, what: string])[]>> = {
  'oci-measure': [
    ['oci-measure doctor', 'is this machine ready?'],
    ['oci-measure digest /srv/rootfs', 'the digest of a directory'],
    ['oci-measure containers', 'which container is which measurement'],
    ['oci-measure help digest', 'more about one command'],
  ],
  hook: [
    ['oci-measure hook createRuntime < state.json', 'by hand, as a runtime calls it'],
    ['oci-measure hook --config /etc/oci-measure/lab.toml', 'with another configuration'],
  ],
  digest: [
    ['oci-measure digest /srv/rootfs', 'sha256:…'],
    ['oci-measure digest bundle:/srv/bundle', 'the root.path of its config.json'],
    ['oci-measure digest /srv/rootfs --listing | sha256sum', 'the same digest, by coreutils'],
    ['oci-measure digest /srv/rootfs --listing > A', 'keep it, and see by `diff A B` what changed'],
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
