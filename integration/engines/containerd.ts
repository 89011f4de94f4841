import { mkdirSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import type { Host } from '#integration/host';
import { run } from '#integration/runtime';
import { startDaemon } from './daemon.ts';
import type { Engine } from './engine.ts';
import { removeDirectory } from './remove-directory.ts';
import { writeRuncFront } from './runc-front.ts';

export async function startContainerd(host: Host): Promise<Engine> {
  const directory = `${host.directory}/containerd`;
  mkdirSync(directory);
  writeFileSync(`${directory}/config.toml`, configuration(directory));
  const runc = writeRuncFront(directory, host);
  const globals = ['--address', `${directory}/sock`];
  const start = ['containerd', '--config', `${directory}/config.toml`];
  const daemon = await startDaemon(start, `${directory}/log`, ['ctr', ...globals, 'version']);
  return {
    name: 'containerd',
    load: async ({ ociArchive }) => {
      await execa('ctr', [...globals, 'images', 'import', '--base-name', 'image', ociArchive]);
    },
    start: async (id) => {
      const args = ['run', '--rm', '--runc-binary', runc, 'image:latest', id, '/bin/true'];
      return await run('ctr', [...globals, ...args]);
    },
    async [Symbol.asyncDispose]() {
      await daemon[Symbol.asyncDispose]();
      await removeDirectory(directory);
    },
  };
}

const configuration = (directory: string): string => `
version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.internal.v1.opt"]
[grpc]
address = "${directory}/sock"
[ttrpc]
address = "${directory}/sock.ttrpc"
`;
