import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { quoted } from './quoted.ts';

test('whatever is quoted is one short line of printable ASCII', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 500 }), (text) => {
      assert.match(quoted(text), /^"[ -~]*$/);
    }),
  );
});

test('a terminal sees neither controls nor what turns text around', () => {
  assert.equal(quoted('a\u001b\u009b\u202e"é'), '"a\\u001b\\u009b\\u202e\\"\\u00e9"');
});

test('a long text is cut, and its length is told', () => {
  assert.equal(quoted('x'.repeat(1_000_000)), `"${'x'.repeat(200)}"... (1000000 characters)`);
});
