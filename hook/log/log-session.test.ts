import assert from 'node:assert/strict';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HookError } from '#hook/errors';
import { listContainers, readContainer } from './container-map.ts';
import { containerEvent, scratchState } from './log.fixture.ts';
import { withLogSession } from './log-session.ts';
import type { SkippedEvent } from './measurement-event.ts';
import { sameValues } from './pcr.ts';
import { readIntent, readMeasurementLog } from './read-state.fixture.ts';
import { replay } from './replay.ts';
import { FakeTpm } from './tpm-fake.ts';

const skipped: SkippedEvent = {
  type: 'skipped',
  id: 's',
  pid: 3,
  startTime: 4,
  class: 'build',
  annotations: {},
};

describe('withLogSession', () => {
  it('begins a log with init, extends what it appends, and removes the intent', async () => {
    using state = scratchState();
    const tpm = new FakeTpm(['sha1', 'sha256', 'sha384', 'sha512']);
    await withLogSession(state.options(tpm), async (log) => log.append(containerEvent('one')));
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container'],
    );
    assert.ok(sameValues(replay(records, 13).values, await tpm.readPcr(13)));
    assert.deepEqual(replay(records, 13).gaps, []);
    assert.equal(readIntent(state.path), undefined);
    const entry = readContainer(join(state.path, 'containers'), 'one');
    assert.equal(entry?.record, records[1]?.sha256);
  });
});

describe('a container map that is gone', () => {
  it('is made again from the log by the next start', async () => {
    using state = scratchState();
    const options = state.options(new FakeTpm());
    const directory = join(state.path, 'containers');
    await withLogSession(options, async (log) => log.append(containerEvent('one')));
    rmSync(directory, { recursive: true });
    await withLogSession(options, async (log) => log.append(containerEvent('two')));
    assert.deepEqual(
      listContainers(directory).map(({ id }) => id),
      ['one', 'two'],
    );
  });
});

describe('append', () => {
  it('calls a start back when what follows the log fails', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    const options = state.options(tpm);
    const settle = async (): Promise<void> => Promise.reject(new HookError('ima', 'not measured'));
    await assert.rejects(
      withLogSession(options, async (log) => log.append(containerEvent('c'), settle)),
      { code: 'ima', message: 'not measured' },
    );
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    const [, container, denied] = records;
    assert.ok(denied?.event.type === 'denied');
    assert.equal(denied.event.code, 'ima');
    assert.equal(denied.event.reason, 'not measured');
    assert.equal(denied.event.record, container?.sha256);
    assert.ok(sameValues(replay(records, 13).values, await tpm.readPcr(13)));
    assert.equal(readIntent(state.path), undefined);
    assert.equal(readContainer(join(state.path, 'containers'), 'c'), undefined);
    await withLogSession(options, async (log) => {
      assert.equal(log.findStart(containerEvent('c')), undefined);
      assert.equal(log.findRefusal(containerEvent('c'))?.sha256, denied.sha256);
      return Promise.resolve();
    });
  });

  it('calls a start back when the container map cannot be written', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    mkdirSync(join(state.path, 'containers', 'c.json'), { recursive: true, mode: 0o700 });
    await assert.rejects(
      withLogSession(state.options(tpm), async (log) => log.append(containerEvent('c'))),
      { code: 'log', message: /c\.json/ },
    );
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container', 'denied'],
    );
    assert.equal(readIntent(state.path), undefined);
  });

  it('says allowed where the caller lets it start all the same', async () => {
    using state = scratchState();
    const settle = async (): Promise<void> => Promise.reject(new HookError('ima', 'not measured'));
    await assert.rejects(
      withLogSession(state.options(new FakeTpm()), async (log) =>
        log.append(containerEvent('c'), settle, 'allowed'),
      ),
      { code: 'ima' },
    );
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.deepEqual(
      records.map(({ event }) => event.type),
      ['init', 'container', 'allowed'],
    );
    assert.ok(readContainer(join(state.path, 'containers'), 'c') !== undefined);
  });

  it('refuses a record that would be too large, and changes nothing', async () => {
    using state = scratchState();
    const tpm = new FakeTpm();
    const event = { ...containerEvent('c'), loader: ['x'.repeat(1024 * 1024)] };
    await assert.rejects(
      withLogSession(state.options(tpm), async (log) => log.append(event)),
      { code: 'log', message: /larger than 1 MiB/ },
    );
    const { records } = readMeasurementLog(state.path) ?? assert.fail('no log');
    assert.ok(sameValues(replay(records, 13).values, await tpm.readPcr(13)));
    assert.equal(readIntent(state.path), undefined);
  });
});

describe('findStart', () => {
  it('knows a start by id, pid and start time, in this session and in the next', async () => {
    using state = scratchState();
    const options = state.options(new FakeTpm());
    const event = containerEvent('c', 7);
    await withLogSession(options, async (log) => {
      assert.equal(log.findStart(event), undefined);
      await log.append(event);
      await log.append(skipped);
      assert.ok(log.findStart(event) !== undefined);
    });
    await withLogSession(options, async (log) => {
      assert.equal(log.findStart(event)?.event.type, 'container');
      assert.equal(log.findStart(skipped)?.event.type, 'skipped');
      for (const other of [{ id: 'd' }, { pid: 8 }, { startTime: 2 }]) {
        assert.equal(log.findStart({ ...event, ...other }), undefined);
      }
      return Promise.resolve();
    });
  });
});
