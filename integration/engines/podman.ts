import { execa } from 'execa';
import type { Host } from '#integration/host';
import { run } from '#integration/runtime';
import type { Engine } from './engine.ts';
import { writePodmanSettings } from './podman-settings.ts';
import { removeDirectory } from './remove-directory.ts';

export interface Podman extends Engine {
  /** Mounts the loaded image read-only, until the engine is gone. */
  mount(): Promise<string>;
}

export function startPodman(host: Host): Podman {
  const directory = `${host.directory}/podman`;
  writePodmanSettings(directory, host);
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
      await removeDirectory(directory);
    },
  };
}
