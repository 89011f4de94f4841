import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { installFuse } from './fuse.fixture.ts';
import { containerEvent, type ScratchState, scratchState } from './log.fixture.ts';
import { withLogSession } from './log-session.ts';
import type { LogRecord } from './measurement-log.ts';
import { digestString, isAllZero, sameValues } from './pcr.ts';
import { readIntent, readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import { FakeTpm } from './tpm-fake.ts';

const fuse = installFuse(() => {});

function idsOf(starts: readonly LogRecord[]): string[] {
  return starts.map(({ event }) => (event.type === 'container' ? event.id : ''));
}

class Host {
  readonly state: ScratchState;
  readonly tpm: FakeTpm = new FakeTpm();
  readonly finished: string[] = [];
  readonly crashed: string[] = [];
  #starts = 0;

  constructor(state: ScratchState) {
    this.state = state;
  }

  async start(steps: number = Number.POSITIVE_INFINITY): Promise<void> {
    this.#starts += 1;
    const id = `c${this.#starts}`;
    fuse.arm(steps);
    try {
      await withLogSession(this.state.options(fuse.around(this.tpm)), async (log) => {
        await log.append(containerEvent(id));
      });
      this.finished.push(id);
    } catch (thrown) {
      if (!fuse.isBlown) throw thrown;
      this.crashed.push(id);
    } finally {
      fuse.disarm();
    }
  }

  async foreignExtend(): Promise<void> {
    const banks = (await this.tpm.readPcr(13)).keys();
    await this.tpm.extendPcr(13, digestString('somebody else', banks));
  }

  records(): readonly LogRecord[] {
    return readMeasurementLog(this.state.path)?.records ?? [];
  }

  async isAtLogEnd(): Promise<boolean> {
    return sameValues(replay(this.records(), 13).values, await this.tpm.readPcr(13));
  }

  async checkInStep(): Promise<void> {
    assert.ok(await this.isAtLogEnd(), 'the log replays to the PCR');
    assert.equal(readIntent(this.state.path), undefined);
  }

  /** Every start that was let go is there once; every other one is not, or was called back. */
  checkStarts(): void {
    const records = this.records();
    const revoked = new Set(
      records.flatMap(({ event }) =>
        (event.type === 'aborted' || event.type === 'denied') && event.record !== undefined
          ? [event.record]
          : [],
      ),
    );
    const starts = records.filter(({ event }) => event.type === 'container');
    const standing = starts.filter(({ sha256 }) => !revoked.has(sha256));
    assert.deepEqual(idsOf(standing), this.finished);
    const ids = idsOf(starts);
    assert.equal(new Set(ids).size, ids.length, 'no start is there twice');
    const aborted = records.filter(({ event }) => event.type === 'aborted');
    assert.equal(aborted.length, revoked.size, 'no start is called back twice');
  }
}

describe('a hook that dies', () => {
  it('leaves what the next one settles, whatever it was about to do', async () => {
    let steps = 0;
    for (let isDone = false; !isDone; steps += 1) {
      using state = scratchState();
      const host = new Host(state);
      await host.start(steps);
      isDone = host.crashed.length === 0;
      await host.start();
      await host.checkInStep();
      host.checkStarts();
      assert.deepEqual(replay(host.records(), 13).gaps, []);
    }
    assert.ok(steps > 40, `${steps} steps were tried`);
  });

  it('leaves what the next one settles, even if that one dies too, and the one after it', async () => {
    for (let first = 0; first < 40; first += 1) {
      for (const second of [0, 8, 16, 24, 32]) {
        using state = scratchState();
        const host = new Host(state);
        await host.start();
        await host.start(first);
        await host.start(second + (first % 8));
        await host.start(second + ((first * 3) % 8));
        await host.start();
        await host.checkInStep();
        host.checkStarts();
        assert.deepEqual(replay(host.records(), 13).gaps, []);
      }
    }
  });

  it('never hides that somebody else extended the PCR, or that the log is gone', async () => {
    const what = fc.constantFrom('start', 'start', 'start', 'start', 'foreign', 'delete');
    const step = fc.record({ what, steps: fc.nat(55) });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 10 }), async (history) => {
        using state = scratchState();
        const host = new Host(state);
        let [isForeign, isDeleted] = [false, false];
        for (const { what: next, steps } of history) {
          if (next === 'start') await host.start(steps);
          if (next === 'foreign') await host.foreignExtend();
          if (next === 'delete') rmSync(state.path, { recursive: true, force: true });
          isForeign ||= next === 'foreign';
          // Where nothing was extended yet, nothing is lost.
          isDeleted ||= next === 'delete' && !isAllZero(await host.tpm.readPcr(13));
        }
        await host.start();
        await host.checkInStep();
        const gaps = replay(host.records(), 13).gaps.length;
        assert.equal(gaps > 0, isForeign || isDeleted, `${gaps} gaps in the log`);
        if (!isDeleted) host.checkStarts();
      }),
      { numRuns: 150 },
    );
  });

  it('is not forgotten when somebody else extends the PCR before the next one', async () => {
    for (let first = 12; first < 40; first += 1) {
      for (let second = first % 4; second < 40; second += 4) {
        using state = scratchState();
        const host = new Host(state);
        await host.start();
        await host.start(first);
        await host.foreignExtend();
        await host.start(second);
        await host.start();
        await host.checkInStep();
        host.checkStarts();
        assert.equal(replay(host.records(), 13).gaps.length, 1);
      }
    }
  });

  it('is not forgotten when its log is deleted before the next one', async () => {
    let lost = 0;
    for (let steps = 0; steps < 40; steps += 1) {
      using state = scratchState();
      const host = new Host(state);
      await host.start();
      await host.start(steps);
      const wasExtended = readIntent(state.path) !== undefined && !(await host.isAtLogEnd());
      rmSync(`${state.path}/measurements.cel`);
      await host.start(steps);
      await host.start();
      await host.checkInStep();
      assert.equal(replay(host.records(), 13).gaps.length, 1);
      if (!wasExtended) continue;
      lost += 1;
      const aborted = host
        .records()
        .flatMap(({ event }) => (event.type === 'aborted' ? [event.id] : []));
      assert.ok(aborted.includes('c2'), `after ${steps} steps: ${aborted.join(' ')}`);
    }
    assert.ok(lost > 0);
  });
});
