import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeEvent } from './event-string.ts';
import type { Intent, Stage } from './intent.ts';
import { containerEvent } from './log.fixture.ts';
import type { AllowedEvent, MeasurementEvent, Sha256Text } from './measurement-event.ts';
import { encodeRecord, stringSha256 } from './measurement-log.ts';
import { digestString, extend, zeros } from './pcr.ts';
import { settleIntent } from './recovery.ts';
import type { PcrValues } from './tpm.ts';

const OFFSET = 100;
const before = zeros(['sha256']);
const elsewhere = extend(before, digestString('somebody else', ['sha256']));
const earlier: Sha256Text = `sha256:${'e'.repeat(64)}`;
const about = { id: 'c', pid: process.pid, startTime: 1 };
const container = containerEvent('c');
const allowed: AllowedEvent = {
  type: 'allowed',
  ...about,
  code: 'ima',
  reason: 'not measured',
  record: earlier,
};

function intentOf(event: MeasurementEvent, stage: Stage = 'extend'): Intent {
  const string = encodeEvent(event);
  const digests = digestString(string, ['sha256']);
  const content = { pcr: 13, digests, event, string, bootId: '0'.repeat(32), timestamp: 1 };
  const { length } = encodeRecord(content);
  const record = { ...content, sha256: stringSha256(string), offset: OFFSET, length };
  return { stage, before, after: extend(before, digests), record, owed: [] };
}

/** What is appended and owed, in a word for each. */
function settled(
  intent: Intent,
  values: PcrValues,
  log: 'ends there' | 'holds it' | 'is gone',
): string[] {
  const isLogged = log === 'holds it';
  const size = { 'ends there': OFFSET, 'holds it': OFFSET + intent.record.length, 'is gone': 0 }[
    log
  ];
  const { append, owed } = settleIntent(intent, values, { isLogged, size });
  const words = owed.map((event) => {
    if (event.type !== 'aborted') return event.type;
    return event.record === intent.record.sha256 ? 'aborted it' : 'aborted the one before';
  });
  return append ? ['append', ...words] : words;
}

describe('an intent that a dead hook left', () => {
  const cases: [
    string,
    Intent,
    'before' | 'after' | 'elsewhere',
    Parameters<typeof settled>[2],
    string[],
  ][] = [
    ['was not extended', intentOf(container), 'before', 'ends there', []],
    ['was extended', intentOf(container), 'after', 'ends there', ['append', 'aborted it']],
    ['was appended', intentOf(container, 'append'), 'after', 'holds it', ['aborted it']],
    [
      'was appended, and its PCR extended since',
      intentOf(container),
      'elsewhere',
      'holds it',
      ['aborted it'],
    ],
    [
      'was seen extended, and its PCR extended since',
      intentOf(container, 'append'),
      'elsewhere',
      'ends there',
      ['append', 'aborted it'],
    ],
    [
      'was seen extended, and its PCR reset',
      intentOf(container, 'append'),
      'before',
      'ends there',
      ['append', 'aborted it'],
    ],
    ['was perhaps extended', intentOf(container), 'elsewhere', 'ends there', ['denied']],
    ['was extended, and its log is gone', intentOf(container), 'after', 'is gone', ['aborted it']],
    [
      'allowed a start, not extended',
      intentOf(allowed),
      'before',
      'ends there',
      ['aborted the one before'],
    ],
    [
      'allowed a start, extended',
      intentOf(allowed),
      'after',
      'ends there',
      ['append', 'aborted the one before', 'aborted it'],
    ],
    [
      'denied a start, not extended',
      intentOf({ ...allowed, type: 'denied' }),
      'before',
      'ends there',
      ['denied'],
    ],
    [
      'denied a start, extended',
      intentOf({ ...allowed, type: 'denied' }),
      'after',
      'ends there',
      ['append'],
    ],
    [
      'aborted a start, not extended',
      intentOf({ type: 'aborted', id: 'c', record: earlier }),
      'before',
      'ends there',
      ['aborted the one before'],
    ],
    [
      'aborted a start, extended',
      intentOf({ type: 'aborted', id: 'c', record: earlier }),
      'after',
      'holds it',
      [],
    ],
    [
      'had a start unlisted',
      intentOf({ type: 'unlisted', ...about, record: earlier, reason: '' }),
      'before',
      'ends there',
      ['aborted the one before'],
    ],
    [
      'changed the configuration',
      intentOf({ type: 'config', version: '1', config: earlier }),
      'after',
      'ends there',
      ['append'],
    ],
  ];
  for (const [what, intent, value, log, expected] of cases) {
    it(what, () => {
      const values = { before, after: intent.after, elsewhere }[value];
      assert.deepEqual(settled(intent, values, log), expected);
    });
  }

  it('hands on what it owed itself, before what is owed for it', () => {
    const owed: MeasurementEvent = { type: 'aborted', id: 'd', record: earlier };
    const intent = { ...intentOf(container), owed: [owed] };
    const settlement = settleIntent(intent, intent.after, { isLogged: false, size: OFFSET });
    assert.deepEqual(
      settlement.owed.map(({ type, ...event }) => [type, 'id' in event ? event.id : '']),
      [
        ['aborted', 'd'],
        ['aborted', 'c'],
      ],
    );
  });
});
