import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import {
  fileNameOf,
  followRecord,
  listContainers,
  openContainerMap,
  readContainer,
} from './container-map.ts';
import { encodeEvent } from './event-string.ts';
import { containerEvent, scratchState } from './log.fixture.ts';
import { encodeMapEntry, mapEntryOf } from './map-entry.ts';
import type { MeasurementEvent } from './measurement-event.ts';
import { encodeRecord, type LogRecord, stringSha256 } from './measurement-log.ts';
import { digestString } from './pcr.ts';
import { processStartTime } from './process-start.ts';

function recordOf(event: MeasurementEvent, timestamp: number = 1): LogRecord {
  const string = encodeEvent(event);
  const digests = digestString(string, ['sha256']);
  const content = { pcr: 13, digests, event, string, bootId: '0'.repeat(32), timestamp };
  const { length } = encodeRecord(content);
  return { ...content, sha256: stringSha256(string), offset: 0, length };
}

describe('the name of an entry', () => {
  it('is a plain file name that only its id has', () => {
    const id = fc.string({ unit: 'binary', maxLength: 300 });
    fc.assert(
      fc.property(id, id, (one, other) => {
        const name = fileNameOf(one);
        assert.equal(basename(name), name);
        assert.match(name, /^[\w%-][\w%.-]*\.json$/);
        assert.ok(name.length <= 255);
        assert.equal(name === fileNameOf(other), Buffer.from(one).equals(Buffer.from(other)));
      }),
    );
  });

  it('cannot leave the directory', () => {
    assert.equal(fileNameOf('..'), '%2E..json');
    assert.equal(fileNameOf('../../etc/passwd'), '%2E.%2F..%2Fetc%2Fpasswd.json');
    assert.equal(fileNameOf('web-1.a_b'), 'web-1.a_b.json');
  });
});

describe('the container map', () => {
  it('gives back what a record says', () => {
    using state = scratchState();
    mkdirSync(state.path);
    const event = containerEvent('../a\nb');
    const record = recordOf(event);
    followRecord(state.path, record);
    const entry = readContainer(state.path, event.id) ?? assert.fail('no entry');
    assert.equal(entry.digest, event.rootfs);
    assert.equal(entry.record, record.sha256);
    assert.equal(entry.image, 'debian:12');
    assert.equal(entry.pid, event.pid);
    assert.deepEqual(entry.ns, event.ns);
    assert.equal(readContainer(state.path, 'other'), undefined);
  });

  it('is made again from the log: the last start of an id that was not called back', () => {
    using state = scratchState();
    const first = recordOf(containerEvent('a', 1), 1);
    const again = recordOf(containerEvent('a', 2), 2);
    const gone = recordOf(containerEvent('b', 3), 3);
    const aborted = recordOf({ type: 'aborted', id: 'b', record: gone.sha256 });
    const late = recordOf({
      type: 'denied',
      id: 'a',
      code: 'ima',
      reason: '',
      record: first.sha256,
    });
    mkdirSync(`${dirname(state.path)}/.state.new`, { mode: 0o700 });
    writeFileSync(`${dirname(state.path)}/.state.new/half.json`, '{');
    openContainerMap(state.path, () => [first, again, gone, aborted, late]);
    assert.deepEqual(
      listContainers(state.path).map(({ id, pid }) => [id, pid]),
      [['a', 2]],
    );
  });

  it('forgets the oldest of what is gone beyond ten thousand, and nothing that runs', () => {
    using state = scratchState();
    mkdirSync(state.path);
    const startTime = processStartTime(process.pid) ?? 0;
    const running = recordOf({ ...containerEvent('running'), startTime }, 0);
    followRecord(state.path, running);
    for (let index = 1; index <= 9_999; index += 1) {
      const event = containerEvent(`gone-${index}`, 2 ** 30);
      const entry = encodeMapEntry(mapEntryOf(event, { ...running, timestamp: index }));
      writeFileSync(join(state.path, fileNameOf(event.id)), entry);
    }
    followRecord(state.path, recordOf(containerEvent('gone-10000', 2 ** 30), 10_000));
    assert.equal(readdirSync(state.path).length, 9_000);
    assert.ok(readContainer(state.path, 'running') !== undefined);
    assert.equal(readContainer(state.path, 'gone-1'), undefined);
    assert.ok(readContainer(state.path, 'gone-10000') !== undefined);
  });
});
