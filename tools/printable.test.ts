import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { printable } from './printable.ts';

describe('printable', () => {
  test('an escape sequence in a name cannot reach the terminal', () => {
    assert.equal(printable('web\u001b[2Jok\r\n'), 'web\\x1b[2Jok\\x0d\\x0a');
    assert.equal(printable('a\u009bb'), 'a\\x9bb');
  });

  test('text cannot be hidden or turned around', () => {
    assert.equal(printable('a\u202eb\u200bc\u2028d'), 'a\\u{202e}b\\u{200b}c\\u{2028}d');
  });

  test('letters of any language stay as they are', () => {
    assert.equal(printable('Bücher 図書館 ✓'), 'Bücher 図書館 ✓');
  });

  test('whatever a tenant writes comes out as one line without control characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        assert.doesNotMatch(printable(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});
