import { mkdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';

const PATIENCE_MS = 10_000;
const PAUSE_MS = 20;

export interface SoftwareTpm extends AsyncDisposable {
  /** What tpm2-tools call the way to this TPM. */
  readonly tcti: string;
}

/** Starts swtpm on a socket below `directory`, which only root can enter. */
export async function startSoftwareTpm(directory: string): Promise<SoftwareTpm> {
  mkdirSync(directory, { mode: 0o700 });
  // tpm2-tools expect the second beside the first, under this name.
  const [socket, control] = [`${directory}/socket`, `${directory}/socket.ctrl`];
  const options = {
    tpmstate: `dir=${directory}`,
    server: `type=unixio,path=${socket}`,
    ctrl: `type=unixio,path=${control}`,
    flags: 'not-need-init,startup-clear',
  };
  const args = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value]);
  const swtpm = execa('swtpm', ['socket', '--tpm2', ...args], { stdin: 'ignore', reject: false });
  const tpm: SoftwareTpm = {
    tcti: `swtpm:path=${socket}`,
    async [Symbol.asyncDispose]() {
      swtpm.kill();
      await swtpm;
    },
  };
  await answers(tpm.tcti).catch(async (cause: unknown) => {
    await tpm[Symbol.asyncDispose]();
    throw new Error(`swtpm does not answer: ${(await swtpm).stderr}`, { cause });
  });
  return tpm;
}

async function answers(tcti: string): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    try {
      await execa('tpm2_pcrread', ['--tcti', tcti, 'sha256:13'], { timeout: PATIENCE_MS });
      return;
    } catch (error) {
      if (Date.now() > end) throw error;
      await sleep(PAUSE_MS);
    }
  }
}
