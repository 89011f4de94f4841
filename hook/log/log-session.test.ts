import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readContainer } from './container-map.ts';
import { containerEvent, scratchState } from './log.fixture.ts';
import { withLogSession } from './log-session.ts';
import { sameValues } from './pcr.ts';
import { replay } from './replay.ts';
import { readIntent, readMeasurementLog } from './state-reader.ts';
import { FakeTpm } from './tpm-fake.ts';

describe('withLogSession', () => {
  it('begins a log with init, extends what it appends, and removes the intent', async () => {
    using state = scratchState();
    const tpm = new FakeTpm(['sha1', 'sha256', 'sha384', 'sha512']);
    await withLogSession(state.options(tpm), async (log) => {
      await log.append(containerEvent('one'));
    });
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container'],
    );
    assert.ok(sameValues(replay(records, 13).values, await tpm.readPcr(13)));
    assert.deepEqual(replay(records, 13).gaps, []);
    assert.equal(readIntent(state.path), undefined);
    assert.equal(readContainer(`${state.path}/containers`, 'one')?.record, records[1]?.sha256);
  });
});
