import { writeFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Host } from '#integration/host';

/** Writes what `base_runtime_spec` names, by hand: containerd's defaults, the hook, and none of its limits on open files. */
export async function writeBaseSpec(host: Host, path: string): Promise<void> {
  const { stdout } = await execa('ctr', ['oci', 'spec']);
  const spec = JSON.parse(stdout);
  delete spec.process.rlimits;
  spec.hooks = { createRuntime: [host.hookEntry()] };
  writeFileSync(path, JSON.stringify(spec));
}
