import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatJSON } from './json.ts';

test('JSON says the same in printable ASCII, whatever is in it', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' })),
      (value) => {
        const text = formatJSON(value);
        assert.match(text, /^[\n -~]*\n$/);
        assert.deepEqual(JSON.parse(text), JSON.parse(JSON.stringify(value)));
      },
    ),
    { numRuns: 200 },
  );
});

test('neither C1 controls nor text turned around reach the terminal', () => {
  assert.equal(
    formatJSON(['\u009b2J\u202e図\u{1f600}']),
    '[\n  "\\u009b2J\\u202e\\u56f3\\ud83d\\ude00"\n]\n',
  );
});
