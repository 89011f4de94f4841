import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { listContainers } from './container-map.ts';
import { encodeEvent } from './event-string.ts';
import { writeIntent } from './intent.ts';
import { containerEvent, scratchState } from './log.fixture.ts';
import { withLogSession } from './log-session.ts';
import type { MeasurementEvent } from './measurement-event.ts';
import { encodeRecord, type LogRecord, stringSha256 } from './measurement-log.ts';
import { digestString, extend, sameValues, toBankValues, zeros } from './pcr.ts';
import { readIntent, readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import type { PcrValues } from './tpm.ts';
import { FakeTpm } from './tpm-fake.ts';

const earlier = 'e'.repeat(32);
const config = `sha256:${'0'.repeat(64)}` as const;

/** A record of another boot. */
function recordOf(event: MeasurementEvent, offset: number): LogRecord {
  const string = encodeEvent(event);
  const digests = digestString(string, ['sha1', 'sha256']);
  const content = { pcr: 13, digests, event, string, bootId: earlier, timestamp: 1 };
  const { length } = encodeRecord(content);
  return { ...content, sha256: stringSha256(string), offset, length };
}

describe('a state directory that outlived a boot', () => {
  it('keeps the old log and intent, and begins a log without a gap', async () => {
    using state = scratchState();
    mkdirSync(join(state.path, 'containers'), { recursive: true, mode: 0o700 });
    const found = toBankValues(zeros(['sha1', 'sha256']));
    const init = recordOf(
      { type: 'init', bootId: earlier, pcr: 13, found, version: '0', config },
      0,
    );
    const torn = Buffer.concat([encodeRecord(init), Buffer.from('\u001e{"pcr":13')]);
    writeFileSync(join(state.path, 'measurements.cel'), torn);
    writeFileSync(join(state.path, 'containers', 'old.json'), '{}');
    const before = zeros(['sha1', 'sha256']);
    const record = recordOf(containerEvent('old'), init.length);
    writeIntent(join(state.path, 'intent.json'), {
      stage: 'extend',
      before,
      after: extend(before, record.digests),
      record,
      owed: [],
    });

    const tpm = new FakeTpm();
    await withLogSession(state.options(tpm), async (log) => log.append(containerEvent('new')));

    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container'],
    );
    assert.deepEqual(replay(records, 13).gaps, []);
    assert.deepEqual(
      listContainers(join(state.path, 'containers')).map(({ id }) => id),
      ['new'],
    );
    assert.deepEqual(readFileSync(join(state.path, `measurements.${earlier}.cel`)), torn);
    assert.ok(readdirSync(state.path).includes(`intent.${earlier}.json`));
    assert.equal(readIntent(state.path), undefined);
  });
});

describe('a configuration that changed', () => {
  it('is a record, once, and so is another version of the program', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    const options = state.options(tpm);
    const configDigest = `sha256:${'1'.repeat(64)}` as const;
    for (const [index, changed] of [
      {},
      { configDigest },
      { configDigest },
      { configDigest, version: '1' },
    ].entries()) {
      await withLogSession({ ...options, ...changed }, async (log) =>
        log.append(containerEvent(`c${index}`)),
      );
    }
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container', 'config', 'container', 'container', 'config', 'container'],
    );
  });

  it('to another PCR begins that one with an init of its own', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    for (const pcr of [13, 14, 13]) {
      await withLogSession({ ...state.options(tpm), pcr }, async (log) =>
        log.append(containerEvent(`c${pcr}`)),
      );
    }
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    for (const pcr of [13, 14]) {
      const { values, gaps } = replay(records, pcr);
      assert.deepEqual(gaps, []);
      assert.ok(sameValues(values, await tpm.readPcr(pcr)));
    }
  });

  it('to another PCR settles what was under way on the one before', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    await withLogSession(state.options(tpm), async (log) => log.append(containerEvent('a')));
    let reads = 0;
    const dying = {
      extendPcr: async (pcr: number, digests: PcrValues) => {
        await tpm.extendPcr(pcr, digests);
        throw new Error('died');
      },
      readPcr: async (pcr: number) => {
        reads += 1;
        if (reads > 1) throw new Error('died');
        return tpm.readPcr(pcr);
      },
    };
    await assert.rejects(
      withLogSession(state.options(dying), async (log) => log.append(containerEvent('b'))),
      /died/,
    );
    await withLogSession({ ...state.options(tpm), pcr: 14 }, async (log) =>
      log.append(containerEvent('c')),
    );
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ pcr, event }) => `${pcr} ${event.type}`),
      ['13 init', '13 container', '13 container', '13 aborted', '14 init', '14 container'],
    );
    assert.ok(sameValues(replay(records, 13).values, await tpm.readPcr(13)));
    assert.equal(readIntent(state.path), undefined);
  });
});
