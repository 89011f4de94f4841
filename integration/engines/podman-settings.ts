import { mkdirSync, writeFileSync } from 'node:fs';
import type { Host } from '#integration/host';

/** Neither systemd nor a network nor more open files than a small machine allows. */
const containersConf = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
`;

/** Makes a directory with podman's `containers.conf`, and with a `hooks.d` that has the hook at createRuntime. */
export function writePodmanSettings(directory: string, host: Host): void {
  mkdirSync(`${directory}/hooks.d`, { recursive: true });
  writeFileSync(`${directory}/containers.conf`, containersConf);
  writeFileSync(`${directory}/hooks.d/oci-measure.json`, JSON.stringify(hookFile(host)));
}

/** See oci-hooks(5). */
function hookFile(host: Host): object {
  return {
    version: '1.0.0',
    hook: host.hookEntry(),
    when: { always: true },
    stages: ['createRuntime'],
  };
}
