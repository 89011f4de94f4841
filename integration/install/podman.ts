import { oneLayer } from '#integration/images';
import type { EngineUnderTest } from './engine.ts';

export const podman: EngineUnderTest = {
  name: 'podman',
  writable: 1,
  settings: {
    '/etc/containers/containers.conf': `
# Neither systemd nor a network nor more open files than a small machine allows.
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"   # no CNI
log_driver = "none"

[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "none"
`,
  },
  boot: async (host) => {
    const pull = ['pull', '--quiet', `oci-archive:${oneLayer.ociArchive}`];
    const image = (await host.succeed('podman', ...pull)).trim();
    return {
      restart: async () => await Promise.resolve(),
      start: async () => await host.inside('podman', 'run', '--rm', image, '/bin/true'),
      [Symbol.asyncDispose]: async () => await Promise.resolve(),
    };
  },
};
