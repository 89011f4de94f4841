import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

const STARTING_MS = 30_000;

/**
 * Starts a daemon, which writes to the file `log`, and waits until it answers.
 *
 * @param isThere a command that succeeds when it does
 */
export async function startDaemon(
  [file = '', ...args]: readonly string[],
  log: string,
  [client = '', ...isThere]: readonly string[],
): Promise<AsyncDisposable> {
  const output = openSync(log, 'w');
  const daemon = spawn(file, args, { stdio: ['ignore', output, output] });
  await once(daemon, 'spawn');
  const deadline = Date.now() + STARTING_MS;
  while ((await execa(client, isThere, { reject: false })).failed) {
    if (daemon.exitCode !== null || Date.now() > deadline)
      throw new Error(readFileSync(log, 'utf8'));
    await sleep(50);
  }
  return {
    async [Symbol.asyncDispose]() {
      if (daemon.exitCode === null && daemon.kill()) await once(daemon, 'exit');
    },
  };
}
