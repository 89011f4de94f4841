import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Host } from '#integration/host';
import { run } from '#integration/runtime';
import type { Engine } from './engine.ts';
import { unmountBelow } from './unmount-below.ts';

export interface Podman extends Engine {
  /** Mounts the loaded image read-only, until the engine is gone. */
  mount(): Promise<string>;
}

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

export function startPodman(host: Host): Podman {
  const directory = `${host.directory}/podman`;
  mkdirSync(`${directory}/hooks.d`, { recursive: true });
  writeFileSync(`${directory}/containers.conf`, containersConf);
  writeFileSync(`${directory}/hooks.d/oci-measure.json`, JSON.stringify(hookFile(host)));
  const storage = ['--root', `${directory}/storage`, '--runroot', `${directory}/run`];
  const globals = [...storage, '--storage-driver=overlay', '--runtime=runc'];
  const env = { CONTAINERS_CONF: `${directory}/containers.conf` };
  const podman = async (...args: readonly string[]): Promise<string> =>
    (await execa('podman', [...globals, ...args], { env })).stdout.trim();
  let image = '';
  return {
    name: 'podman',
    load: async ({ ociArchive }) => {
      image = await podman('pull', '--quiet', `oci-archive:${ociArchive}`);
    },
    start: async (id) => {
      const hooks = ['--hooks-dir', `${directory}/hooks.d`];
      const args = [...globals, ...hooks, 'run', '--rm', '--name', id, image, '/bin/true'];
      return await run('podman', args, '', env);
    },
    mount: async () => await podman('image', 'mount', image),
    async [Symbol.asyncDispose]() {
      await unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
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
