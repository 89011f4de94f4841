import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import type { Host } from '#integration/host';
import { run } from '#integration/runtime';
import type { Engine } from './engine.ts';
import { unmountBelow } from './unmount-below.ts';

const addHook = fileURLToPath(new URL('./add-hook.ts', import.meta.url));
const STARTING_MS = 20_000;

/**
 * `ctr` has no way to add a hook to an image's own configuration, so containerd calls a front of runc that does. The
 * snapshots, their mounts and the bundle are containerd's.
 */
export async function startContainerd(host: Host): Promise<Engine> {
  const directory = `${host.directory}/containerd`;
  mkdirSync(directory);
  writeFileSync(`${directory}/config.toml`, configuration(directory));
  writeFileSync(`${directory}/hook.json`, JSON.stringify(host.hookEntry()));
  writeFileSync(`${directory}/runc`, front(directory), { mode: 0o755 });
  const daemon = await startDaemon(directory);
  const ctr = async (...args: readonly string[]) =>
    await run('ctr', ['--address', `${directory}/sock`, ...args]);
  return {
    name: 'containerd',
    load: async (archive) => {
      const name = `image-${(loaded += 1)}`;
      const { exitCode, stderr } = await ctr('images', 'import', '--base-name', name, archive);
      if (exitCode !== 0) throw new Error(stderr);
      return `${name}:latest`;
    },
    start: async (image, id) =>
      await ctr('run', '--rm', '--runc-binary', `${directory}/runc`, image, id, '/bin/true'),
    async [Symbol.asyncDispose]() {
      daemon.kill();
      await once(daemon, 'exit');
      await unmountBelow(directory);
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

let loaded = 0;

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

/** Only `create` has a bundle. */
const front = (directory: string): string => `#!/bin/sh
for word; do
  if [ "$previous" = --bundle ]; then
    ${process.execPath} ${addHook} "$word/config.json" ${directory}/hook.json || exit
  fi
  previous=$word
done
exec runc "$@"
`;

async function startDaemon(directory: string): Promise<ChildProcess> {
  const log = openSync(`${directory}/log`, 'w');
  const daemon = spawn('containerd', ['--config', `${directory}/config.toml`], {
    stdio: ['ignore', log, log],
  });
  await once(daemon, 'spawn');
  const deadline = Date.now() + STARTING_MS;
  const version = ['--address', `${directory}/sock`, 'version'];
  while (
    !existsSync(`${directory}/sock`) ||
    (await execa('ctr', version, { reject: false })).failed
  ) {
    if (daemon.exitCode !== null || Date.now() > deadline) throw new Error(`see ${directory}/log`);
    await sleep(50);
  }
  return daemon;
}
