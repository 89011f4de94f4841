import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { containerEvent, logOptions, scratchState, TEST_DIRECTORY } from './log.fixture.ts';
import { type LogOptions, withLogSession } from './log-session.ts';
import { sameValues } from './pcr.ts';
import { readIntent, readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import { startSwtpm } from './swtpm.fixture.ts';
import type { PcrValues, Tpm } from './tpm.ts';
import { FakeTpm } from './tpm-fake.ts';
import { createTpmTools } from './tpm-tools.ts';

async function start(options: LogOptions, id: string): Promise<void> {
  await withLogSession(options, async (log) => {
    await log.append(containerEvent(id));
  });
}

function typesIn(state: string): string[] {
  return (readMeasurementLog(state)?.records ?? []).map(({ event }) => event.type);
}

async function checkInStep(state: string, tpm: Tpm, gaps = 0): Promise<void> {
  const replayed = replay(readMeasurementLog(state)?.records ?? [], 13);
  assert.ok(sameValues(replayed.values, await tpm.readPcr(13)));
  assert.equal(replayed.gaps.length, gaps);
  assert.equal(readIntent(state), undefined);
}

/** A filesystem of its own below a test directory. */
class Mounted implements Disposable {
  readonly directory: string;

  constructor(options: string) {
    mkdirSync(TEST_DIRECTORY, { recursive: true, mode: 0o755 });
    this.directory = mkdtempSync(join(TEST_DIRECTORY, 'mount-'));
    execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', this.directory]);
  }

  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.directory]);
  }

  [Symbol.dispose](): void {
    execFileSync('umount', [this.directory]);
    rmSync(this.directory, { recursive: true });
  }
}

/** Behaves as `wrong` says instead of as a TPM does. */
function tpmThat(tpm: Tpm, wrong: Partial<Tpm>): Tpm {
  return {
    readPcr: wrong.readPcr ?? (async (pcr) => tpm.readPcr(pcr)),
    extendPcr: wrong.extendPcr ?? (async (pcr, digests) => tpm.extendPcr(pcr, digests)),
  };
}

describe('a state directory that cannot be written', () => {
  it('denies before anything is extended: read-only', async () => {
    using mounted = new Mounted('size=1m,mode=0755');
    const state = join(mounted.directory, 'state');
    const tpm = new FakeTpm();
    await start(logOptions(state, tpm), 'first');
    const before = await tpm.readPcr(13);
    mounted.remount('ro');
    await assert.rejects(start(logOptions(state, tpm), 'second'), {
      code: 'log',
      message: /read-only file system/,
    });
    assert.ok(sameValues(await tpm.readPcr(13), before));
    mounted.remount('rw');
    await start(logOptions(state, tpm), 'third');
    await checkInStep(state, tpm);
    assert.deepEqual(typesIn(state), ['init', 'container', 'container']);
  });

  it('denies before anything is extended: a full disk', async () => {
    using mounted = new Mounted('size=256k,mode=0755');
    const state = join(mounted.directory, 'state');
    const tpm = new FakeTpm();
    await start(logOptions(state, tpm), 'first');
    const before = await tpm.readPcr(13);
    fill(mounted.directory, 0);
    await assert.rejects(start(logOptions(state, tpm), 'second'), {
      code: 'log',
      message: /no space/,
    });
    assert.ok(sameValues(await tpm.readPcr(13), before));
    rmSync(join(mounted.directory, 'full'));
    await start(logOptions(state, tpm), 'third');
    await checkInStep(state, tpm);
    assert.deepEqual(typesIn(state), ['init', 'container', 'container']);
  });

  it('comes into step again, however much of the disk was left', async () => {
    for (let pages = 0; pages < 12; pages += 1) {
      using mounted = new Mounted('size=256k,mode=0755');
      const state = join(mounted.directory, 'state');
      const tpm = new FakeTpm();
      await start(logOptions(state, tpm), 'first');
      fill(mounted.directory, pages);
      await start(logOptions(state, tpm), 'second').catch(() => {});
      rmSync(join(mounted.directory, 'full'));
      await start(logOptions(state, tpm), 'third');
      await checkInStep(state, tpm);
    }
  });

  it('is refused if others can write to it, own it, or have put a link there', async () => {
    using state = scratchState();
    const options = state.options(new FakeTpm());
    mkdirSync(state.path, { mode: 0o700 });
    chmodSync(state.path, 0o770);
    await assert.rejects(start(options, 'c'), { code: 'log', message: /others may write/ });
    chmodSync(state.path, 0o700);
    chownSync(state.path, 65534, 65534);
    await assert.rejects(start(options, 'c'), { code: 'log', message: /owner 0, found 65534/ });
    rmSync(state.path, { recursive: true });
    symlinkSync('/', state.path);
    await assert.rejects(start(options, 'c'), { code: 'log', message: /not a directory/ });
  });

  it('is made for root alone, and so is what is in it', async () => {
    using state = scratchState();
    const umask = process.umask(0);
    await start(state.options(new FakeTpm()), 'c');
    process.umask(umask);
    assert.equal(statSync(state.path).mode & 0o777, 0o700);
    for (const entry of readdirSync(state.path, { withFileTypes: true, recursive: true })) {
      const mode = statSync(join(entry.parentPath, entry.name)).mode & 0o777;
      assert.equal(mode, entry.isDirectory() ? 0o700 : 0o600, entry.name);
    }
  });
});

function fill(directory: string, pagesLeft: number): void {
  const full = join(directory, 'full');
  const page = Buffer.alloc(4096);
  let pages = 0;
  try {
    for (; ; pages += 1) appendFileSync(full, page);
  } catch {
    truncateSync(full, Math.max(0, pages - pagesLeft) * page.length);
  }
}

/** A tpm2_pcrread that answers with another PCR's value. */
function garbageTools(directory: string): string {
  const tools = join(directory, 'tools');
  mkdirSync(tools);
  const script = '#!/bin/sh\nprintf "  sha256:\\n    12: 0x00\\n"\n';
  writeFileSync(join(tools, 'tpm2_pcrread'), script, { mode: 0o755 });
  return tools;
}

describe('a TPM that is not right', () => {
  it('denies and changes nothing when it cannot be read', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    const readPcr = async (): Promise<PcrValues> => Promise.reject(new Error('gone'));
    await assert.rejects(start(state.options(tpmThat(tpm, { readPcr })), 'second'), /gone/);
    await start(state.options(tpm), 'third');
    await checkInStep(state.path, tpm);
    assert.deepEqual(typesIn(state.path), ['init', 'container', 'container']);
  });

  it('denies and forgets the start when it says yes but does not extend', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    const lazy = tpmThat(tpm, { extendPcr: async () => Promise.resolve() });
    await assert.rejects(start(state.options(lazy), 'second'), {
      code: 'tpm',
      message: /after the extend/,
    });
    await checkInStep(state.path, tpm);
    assert.deepEqual(typesIn(state.path), ['init', 'container']);
  });

  it('is believed by its PCR, not by its answer, when the extend came late', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    const late = tpmThat(tpm, {
      extendPcr: async (pcr, digests) => {
        await tpm.extendPcr(pcr, digests);
        throw new Error('no answer');
      },
    });
    await start(state.options(late), 'first');
    await checkInStep(state.path, tpm);
    assert.deepEqual(typesIn(state.path), ['init', 'container']);
  });

  it('leaves the start to the next hook when it falls silent in the extend', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    let isSilent = false;
    const silent = tpmThat(tpm, {
      extendPcr: async (pcr, digests) => {
        await tpm.extendPcr(pcr, digests);
        isSilent = true;
        throw new Error('no answer');
      },
      readPcr: async (pcr) => (isSilent ? Promise.reject(new Error('silent')) : tpm.readPcr(pcr)),
    });
    await assert.rejects(start(state.options(silent), 'second'), /no answer/);
    await start(state.options(tpm), 'third');
    await checkInStep(state.path, tpm);
    assert.deepEqual(typesIn(state.path), [
      'init',
      'container',
      'container',
      'aborted',
      'container',
    ]);
  });

  it('is tried again where a start must be called back', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    let refusals = 0;
    const moody = tpmThat(tpm, {
      extendPcr: async (pcr, digests) => {
        refusals += 1;
        if (refusals > 1) throw new Error('not now');
        await tpm.extendPcr(pcr, digests);
      },
    });
    const settle = async (): Promise<void> => Promise.reject(new Error('not measured'));
    await assert.rejects(
      withLogSession(state.options(moody), async (log) => {
        await log.append(containerEvent('second'), settle);
      }),
      /not measured/,
    );
    await assert.rejects(start(state.options(moody), 'third'), /not now/);
    await start(state.options(tpm), 'fourth');
    await checkInStep(state.path, tpm);
    const types = ['init', 'container', 'container', 'denied', 'container'];
    assert.deepEqual(typesIn(state.path), types);
  });

  it('shows a gap, and that a start was lost track of, when somebody else extends in between', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    const raced = tpmThat(tpm, {
      extendPcr: async (pcr, digests) => {
        await tpm.extendPcr(pcr, digests);
        await tpm.extendPcr(pcr, digests);
      },
    });
    await assert.rejects(start(state.options(raced), 'second'), { code: 'tpm' });
    await start(state.options(tpm), 'third');
    await checkInStep(state.path, tpm, 1);
    assert.deepEqual(typesIn(state.path), ['init', 'container', 'gap', 'denied', 'container']);
  });

  it('denies with the reason and changes nothing: gone, tools missing, tools that print garbage', async () => {
    await using swtpm = await startSwtpm();
    const state = join(swtpm.directory, 'state');
    const { tcti } = swtpm;
    const good = createTpmTools({ tcti, timeoutSeconds: 10 });
    await start(logOptions(state, good), 'first');
    const log = readFileSync(join(state, 'measurements.cel'));
    const before = await good.readPcr(13);
    for (const [wrong, message] of [
      [{ tcti: 'swtpm:path=/nowhere' }, /\/nowhere/],
      [{ directories: ['/nowhere'] }, /tpm2_getcap is not in \/nowhere/],
      [{ directories: [garbageTools(swtpm.directory), '/usr/bin'] }, /cannot be right/],
    ] as const) {
      const tpm = createTpmTools({ tcti, timeoutSeconds: 10, ...wrong });
      await assert.rejects(start(logOptions(state, tpm), 'second'), { code: 'tpm', message });
    }
    assert.ok(sameValues(await good.readPcr(13), before));
    assert.deepEqual(readFileSync(join(state, 'measurements.cel')), log);
    assert.equal(readIntent(state), undefined);
  });

  it('is not asked to extend PCR 10 or any from 16 on', async () => {
    using state = scratchState();
    for (const pcr of [10, 16, 17, 22, 23, 24, -1, 1.5]) {
      const options = { ...state.options(new FakeTpm()), pcr };
      await assert.rejects(start(options, 'c'), { name: 'HookError', code: 'config' });
    }
    assert.equal(readMeasurementLog(state.path), undefined);
  });
});

describe('what is left of an earlier boot or damaged', () => {
  it('is kept under another name, and a damaged log shows as a gap', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state.options(tpm), 'first');
    writeFileSync(join(state.path, 'measurements.cel'), 'garbage\n');
    writeFileSync(join(state.path, 'intent.json'), '{"v":9}');
    await start(state.options(tpm), 'second');
    await checkInStep(state.path, tpm, 1);
    const kept = readdirSync(state.path).filter((name) => name.includes('.damaged-'));
    assert.equal(kept.length, 2);
  });
});
