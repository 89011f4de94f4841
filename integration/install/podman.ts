import { oneLayer } from '#integration/images';
import type { EngineUnderTest } from './engine.ts';
import type { PrivateHost } from './private-host.ts';

export const podman: EngineUnderTest = {
  name: 'podman',
  runtimes: 1,
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
    const image = await pullDebian(host);
    return {
      restart: async () => await Promise.resolve(),
      start: async () => await host.inside('podman', 'run', '--rm', image, '/bin/true'),
      [Symbol.asyncDispose]: async () => await Promise.resolve(),
    };
  },
};

/** @returns the image's id */
export async function pullDebian(host: PrivateHost): Promise<string> {
  const archive = `oci-archive:${oneLayer.ociArchive}`;
  return (await host.succeed('podman', 'pull', '--quiet', archive)).trim();
}
