import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { containerEvent, type ScratchState, scratchState } from './log.fixture.ts';
import { readCheckpoint } from './log-checkpoint.ts';
import { withLogSession } from './log-session.ts';
import { sameValues } from './pcr.ts';
import { readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import { FakeTpm } from './tpm-fake.ts';

async function start(state: ScratchState, tpm: FakeTpm, id: string): Promise<void> {
  await withLogSession(state.options(tpm), async (log) => log.append(containerEvent(id)));
}

async function checkInStep(state: ScratchState, tpm: FakeTpm, starts: number): Promise<void> {
  const { values, gaps, records } = replay(readMeasurementLog(state.path)?.records ?? [], 13);
  assert.ok(sameValues(values, await tpm.readPcr(13)));
  assert.deepEqual(gaps, []);
  assert.equal(records.length, starts + 1);
}

describe('the checkpoint', () => {
  it('says what the whole log replays to', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state, tpm, 'one');
    const checkpoint = readCheckpoint(join(state.path, 'checkpoint.json'));
    const found = checkpoint?.pcrs.get(13);
    const { values, records } = replay(readMeasurementLog(state.path)?.records ?? [], 13);
    assert.ok(found !== undefined && sameValues(found.values, values));
    assert.equal(found.records, records.length);
    assert.equal(checkpoint?.size, readFileSync(join(state.path, 'measurements.cel')).length);
  });

  it('may be older than the log, of another log, damaged or gone', async () => {
    using state = scratchState();
    using other = scratchState();
    const tpm = new FakeTpm();
    const path = join(state.path, 'checkpoint.json');
    await start(state, tpm, 'one');
    const old = readFileSync(path);
    await start(state, tpm, 'two');
    writeFileSync(path, old);
    await start(state, tpm, 'three');
    await start(other, new FakeTpm(), 'a');
    writeFileSync(path, readFileSync(join(other.path, 'checkpoint.json')));
    await start(state, tpm, 'four');
    writeFileSync(path, '{"v":1}');
    await start(state, tpm, 'five');
    writeFileSync(path, old.subarray(0, 40));
    await start(state, tpm, 'six');
    rmSync(path);
    await start(state, tpm, 'seven');
    await checkInStep(state, tpm, 7);
  });

  it('of a longer log that is gone is not believed', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state, tpm, 'one');
    rmSync(join(state.path, 'measurements.cel'));
    await start(state, tpm, 'two');
    const { gaps } = replay(readMeasurementLog(state.path)?.records ?? [], 13);
    assert.equal(gaps.length, 1);
  });

  it('spares reading what it covers, whatever the log has grown to', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await start(state, tpm, 'one');
    await start(state, tpm, 'two');
    const path = join(state.path, 'measurements.cel');
    const bytes = readFileSync(path);
    // Damage that only somebody who reads the beginning can see.
    writeFileSync(path, Buffer.concat([Buffer.from('x'), bytes.subarray(1)]));
    await start(state, tpm, 'three');
    assert.equal(readFileSync(path)[0], 'x'.charCodeAt(0));
    assert.throws(() => readMeasurementLog(state.path), { code: 'log' });
    // Until somebody does: then the log is put aside, and a gap shows it.
    rmSync(join(state.path, 'containers'), { recursive: true });
    await start(state, tpm, 'four');
    const { gaps, records } = replay(readMeasurementLog(state.path)?.records ?? [], 13);
    assert.equal(gaps.length, 1);
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container'],
    );
  });
});
