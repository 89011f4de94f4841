import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A software TPM on a private Unix socket. For tests; needs swtpm, and root for the directory. */
export interface Swtpm extends AsyncDisposable {
  /** The TCTI by which tpm2-tools reach it. */
  readonly tcti: string;
  /** Its directory, where a test may keep other things: removed with it. */
  readonly directory: string;
  readonly pid: number;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

// Not below /tmp, which is world-writable and therefore not believed by what is tested.
const TEST_DIRECTORY = '/var/lib/oci-measure-test';
const START_TIMEOUT_MS = 10_000;

/** A directory of this test alone. */
export async function makeTestDirectory(name: string): Promise<string> {
  await mkdir(TEST_DIRECTORY, { recursive: true, mode: 0o755 });
  return await mkdtemp(join(TEST_DIRECTORY, `${name}-`));
}

/** Starts a software TPM that was just reset: every PCR from 0 to 15 holds zeros. */
export async function startSwtpm(): Promise<Swtpm> {
  const directory = await makeTestDirectory('swtpm');
  const socket = join(directory, 's');
  const tpmState = join(directory, 'tpm');
  await mkdir(tpmState);
  // So that it does not outlive a test that is killed.
  const tied = ['--pdeathsig', 'KILL', 'swtpm', 'socket', '--tpm2'];
  const where = [
    '--server',
    `type=unixio,path=${socket}`,
    '--ctrl',
    `type=unixio,path=${socket}.ctrl`,
  ];
  const how = ['--tpmstate', `dir=${tpmState}`, '--flags', 'not-need-init,startup-clear'];
  const child = spawn('setpriv', [...tied, ...where, ...how], { stdio: 'ignore' });
  const kill = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  const dispose = async (): Promise<void> => {
    await kill();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await listening(child, socket);
  } catch (thrown) {
    await dispose();
    throw thrown;
  }
  const pid = child.pid ?? 0;
  return { tcti: `swtpm:path=${socket}`, directory, pid, kill, [Symbol.asyncDispose]: dispose };
}

async function listening(child: ChildProcess, socket: string): Promise<void> {
  let failure: Error | undefined;
  child.once('error', (error) => {
    failure = error;
  });
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!existsSync(socket) || !existsSync(`${socket}.ctrl`)) {
    if (failure !== undefined) throw failure;
    if (child.exitCode !== null) throw new Error(`swtpm ended with exit code ${child.exitCode}`);
    if (performance.now() > deadline) throw new Error('swtpm did not start listening');
    await sleep(5);
  }
}
