import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { loadLeftBehind } from './left-behind.ts';
import { containerEvent, scratchState } from './log.fixture.ts';
import type { LogFile } from './log-file.ts';
import { readBootId, withLogSession } from './log-session.ts';
import { statePaths } from './state-directory.ts';
import { FakeTpm } from './tpm-fake.ts';

/** With ids of these lengths. */
async function logOf(
  state: ReturnType<typeof scratchState>,
  ids: readonly number[],
): Promise<LogFile> {
  await withLogSession(state.options(new FakeTpm()), async (log) => {
    for (const length of ids) await log.append(containerEvent('x'.repeat(length)));
  });
  return loadLeftBehind(statePaths(state.path), readBootId()).log;
}

/** What this process read from files so far: proc_pid_io(5). */
function bytesRead(): number {
  return Number(/^rchar: (\d+)$/m.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);
}

describe('the log, read backwards,', () => {
  it('has the records that it has forwards, wherever they begin and however long they are', async () => {
    using state = scratchState();
    const lengths = [
      1,
      16_000,
      3,
      200_000,
      20,
      16_384,
      ...Array.from({ length: 90 }, (_, n) => n * 7),
    ];
    const log = await logOf(state, lengths);
    assert.equal(log.all().length, lengths.length + 1);
    assert.deepEqual([...log.backwards()], log.all().toReversed());
  });

  it('is read once, and not further than it is asked for', async () => {
    using state = scratchState();
    const log = await logOf(
      state,
      Array.from({ length: 300 }, () => 10),
    );
    const { length } = readFileSync(join(state.path, 'measurements.cel'));
    const before = bytesRead();
    const [...records] = log.backwards();
    const whole = bytesRead() - before;
    assert.equal(records.length, 301);
    assert.ok(whole >= length && whole < length * 1.1, `${whole} of ${length}`);
    const [newest] = log.backwards();
    assert.equal(newest?.offset, records[0]?.offset);
    const one = bytesRead() - before - whole;
    assert.ok(one < 32_768, `${one}`);
  });
});
