import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { LogRecord } from './measurement-log.ts';
import { sameValues, toBankValues } from './pcr.ts';
import { readIntent, readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import type { StartOrder } from './start.driver.ts';
import { makeTestDirectory, type Swtpm, startSwtpm } from './swtpm.fixture.ts';
import { createTpmTools } from './tpm-tools.ts';

const driver = join(import.meta.dirname, 'start.driver.ts');
const run = promisify(execFile);
const compiled = await makeTestDirectory('compiled');
after(async () => rm(compiled, { recursive: true }));

interface Started {
  readonly signal: NodeJS.Signals | null;
  readonly steps?: number;
  readonly code?: string;
  readonly message?: string;
}

type Order = Partial<StartOrder> & { readonly id: string };

function stateOf(swtpm: Swtpm): string {
  return join(swtpm.directory, 'state');
}

function launch(
  swtpm: Swtpm,
  order: Order,
): { child: ReturnType<typeof spawn>; done: Promise<Started> } {
  const whole = { state: stateOf(swtpm), tcti: swtpm.tcti, ...order };
  const args = ['--disable-warning=ExperimentalWarning', driver, JSON.stringify(whole)];
  // Compiling the same sources a hundred times is most of what this test would do.
  const env = { ...process.env, NODE_COMPILE_CACHE: compiled };
  const child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const done = once(child, 'close').then((): Started => {
    const answer = output === '' ? {} : (JSON.parse(output) as Omit<Started, 'signal'>);
    return { signal: child.signalCode, ...answer };
  });
  return { child, done };
}

async function start(swtpm: Swtpm, order: Order): Promise<Started> {
  return await launch(swtpm, order).done;
}

function recordsOf(swtpm: Swtpm): readonly LogRecord[] {
  return readMeasurementLog(stateOf(swtpm))?.records ?? assert.fail('there is no log');
}

function idsOf(swtpm: Swtpm, type: 'container' | 'aborted'): string[] {
  return recordsOf(swtpm).flatMap(({ event }) => (event.type === type ? [event.id] : []));
}

/** The log replays to the PCR in every bank, nothing is under way, and there are this many gaps. */
async function checkInStep(swtpm: Swtpm, gaps = 0): Promise<void> {
  const replayed = replay(recordsOf(swtpm), 13);
  const tpm = createTpmTools({ tcti: swtpm.tcti, timeoutSeconds: 10 });
  const values = await tpm.readPcr(13);
  assert.deepEqual([...values.keys()].toSorted(), ['sha1', 'sha256', 'sha384', 'sha512']);
  assert.deepEqual(toBankValues(replayed.values), toBankValues(values));
  assert.ok(sameValues(replayed.values, values));
  assert.equal(replayed.gaps.length, gaps);
  assert.equal(readIntent(stateOf(swtpm)), undefined);
}

/** A tpm2_pcrextend that waits before it extends; the other tools as they are. */
async function slowTools(swtpm: Swtpm, script: string): Promise<string[]> {
  const directory = join(swtpm.directory, 'tools');
  await mkdir(directory);
  await writeFile(join(directory, 'tpm2_pcrextend'), `#!/bin/sh\n${script}\n`);
  await chmod(join(directory, 'tpm2_pcrextend'), 0o755);
  return [directory, '/usr/bin'];
}

/** Returns at how many steps. */
async function killAtEveryOther(first: number): Promise<number> {
  await using swtpm = await startSwtpm();
  await start(swtpm, { id: 'first' });
  for (let steps = first; ; steps += 2) {
    const [id, next] = [`killed-${steps}`, `after-${steps}`];
    const { signal } = await start(swtpm, { id, steps });
    await start(swtpm, { id: next });
    await checkInStep(swtpm);
    const [started, aborted] = [idsOf(swtpm, 'container'), idsOf(swtpm, 'aborted')];
    assert.equal(new Set(started).size, started.length);
    assert.ok(started.includes(next) && !aborted.includes(next));
    const isAborted = aborted.includes(id);
    if (signal === null) {
      assert.ok(started.includes(id) && !isAborted);
      return (steps - first) / 2;
    }
    assert.equal(started.includes(id), isAborted, `after ${steps} steps`);
  }
}

describe('a hook killed by SIGKILL', () => {
  it('between any two steps leaves a log that the next one brings into step', async () => {
    // Two at a time, each on a TPM of its own.
    const killed = await Promise.all([killAtEveryOther(1), killAtEveryOther(2)]);
    assert.ok(killed[0] + killed[1] > 20, `killed at ${killed.join(' + ')} steps`);
  });

  it('in the middle of the extend is waited for, as long as its tpm2 command lives on', async () => {
    await using swtpm = await startSwtpm();
    await start(swtpm, { id: 'first' });
    const begun = join(swtpm.directory, 'begun');
    const directories = await slowTools(
      swtpm,
      `touch ${begun}; sleep 0.7; exec /usr/bin/tpm2_pcrextend "$@"`,
    );
    const { child, done } = launch(swtpm, { id: 'killed', directories });
    while (!existsSync(begun)) await sleep(5);
    child.kill('SIGKILL');
    assert.equal((await done).signal, 'SIGKILL');
    const { message } = await start(swtpm, { id: 'impatient', lockTimeoutMs: 100 });
    assert.match(
      message ?? '',
      new RegExp(`was held by the hook with pid ${child.pid}, or its tpm2`),
    );
    await start(swtpm, { id: 'after' });
    await checkInStep(swtpm);
    assert.deepEqual(idsOf(swtpm, 'container'), ['first', 'killed', 'after']);
    assert.deepEqual(idsOf(swtpm, 'aborted'), ['killed']);
  });

  it('before its tpm2 command came to extend is not waited for longer than the command may take', async () => {
    await using swtpm = await startSwtpm();
    await start(swtpm, { id: 'first' });
    const begun = join(swtpm.directory, 'begun');
    const directories = await slowTools(swtpm, `touch ${begun}; sleep 60`);
    const { child, done } = launch(swtpm, { id: 'killed', directories, timeoutSeconds: 1 });
    while (!existsSync(begun)) await sleep(5);
    child.kill('SIGKILL');
    await done;
    const { code } = await start(swtpm, { id: 'after', lockTimeoutMs: 10_000 });
    assert.equal(code, undefined);
    await checkInStep(swtpm);
    assert.deepEqual(idsOf(swtpm, 'container'), ['first', 'after']);
  });
});

describe('fifty hooks at once', () => {
  it('are each in the log once, and the log replays to the PCR', async () => {
    await using swtpm = await startSwtpm();
    const ids = Array.from({ length: 50 }, (_, index) => `c${index}`);
    const all = await Promise.all(ids.map(async (id) => start(swtpm, { id })));
    assert.deepEqual(
      all.filter(({ code, signal }) => code !== undefined || signal !== null),
      [],
    );
    await checkInStep(swtpm);
    assert.deepEqual(idsOf(swtpm, 'container').toSorted(), ids.toSorted());
  });
});

describe('what happened behind the back of the log', () => {
  it('shows as a gap: somebody else extended the PCR', async () => {
    await using swtpm = await startSwtpm();
    await start(swtpm, { id: 'first' });
    const digest = 'ab'.repeat(32);
    await run('tpm2_pcrextend', [`--tcti=${swtpm.tcti}`, `13:sha256=${digest}`]);
    await start(swtpm, { id: 'second' });
    await checkInStep(swtpm, 1);
  });

  it('shows as a gap: the state directory is gone', async () => {
    await using swtpm = await startSwtpm();
    await start(swtpm, { id: 'first' });
    await rm(stateOf(swtpm), { recursive: true });
    await start(swtpm, { id: 'second' });
    await checkInStep(swtpm, 1);
    assert.equal(recordsOf(swtpm)[0]?.event.type, 'init');
  });
});
