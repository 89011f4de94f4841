/** `npm run demo`: what the project is for, shown on a software TPM and a real container. */
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmdirSync, rmSync } from 'node:fs';
import { startSwtpm } from '#hook/log/swtpm.fixture';
import { debianRootfs } from '#integration/program';
import { writeConfiguration } from './container.ts';
import { openShell } from './shell.ts';
import { tellStory } from './story.ts';
import { title } from './terminal.ts';

/** Not below /tmp: who can write to a directory above an image can replace the image, so the hook does not believe it. */
const PARENT = '/var/lib/oci-measure-demo';
/** What a shell shows for a program ended by SIGINT. */
const INTERRUPTED = 130;

async function demo(leftovers: AsyncDisposableStack): Promise<void> {
  // An image's directories are 0755, whatever the reader's umask.
  process.umask(0o022);
  const directory = makeDirectory(leftovers);
  const tpm = leftovers.use(await startSwtpm());
  writeConfiguration(directory, tpm.tcti);
  const shell = openShell(directory, tpm.tcti);
  await tellStory({ directory, debian: debianRootfs, tpm, shell, leftovers });
}

function makeDirectory(leftovers: AsyncDisposableStack): string {
  mkdirSync(PARENT, { recursive: true });
  const directory = mkdtempSync(`${PARENT}/`);
  leftovers.defer(() => {
    rmSync(directory, { recursive: true, force: true });
    if (readdirSync(PARENT).length === 0) rmdirSync(PARENT);
  });
  chmodSync(directory, 0o755);
  return directory;
}

/** Runs `use` and clears up after it, whether it ends, fails or is interrupted. */
async function clearingUp(use: (leftovers: AsyncDisposableStack) => Promise<void>): Promise<void> {
  const leftovers = new AsyncDisposableStack();
  const clearUpAndExit = (): void => {
    interrupted = true;
    void leftovers.disposeAsync().finally(() => process.exit(INTERRUPTED));
  };
  // Not `once`: execa ends the process itself when nobody seems to listen.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, clearUpAndExit);
  try {
    await use(leftovers);
  } finally {
    await leftovers.disposeAsync();
  }
}

let interrupted = false;
try {
  await clearingUp(demo);
} catch (error) {
  if (interrupted) title('Interrupted: clearing up.');
  else title('The demo failed', error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
