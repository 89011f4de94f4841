import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatTable, widthOf } from './table.ts';

function cells(...texts: readonly string[]) {
  return texts.map((text) => ({ text }));
}

describe('formatTable', () => {
  test('columns stand two spaces apart, and nothing follows the last one', () => {
    const rows = [cells('a', 'bbbb', ''), cells('aaa', 'b', 'c')];
    assert.equal(formatTable(['X', 'Y', ''], rows), 'X    Y\na    bbbb\naaa  b     c\n');
    assert.equal(formatTable([], rows), 'a    bbbb\naaa  b     c\n');
    assert.equal(formatTable([], []), '');
  });

  test('a cell cannot make a line of its own', () => {
    assert.equal(formatTable([], [cells('a\nb  c\u001b', 'd')]), 'a\\x0ab  c\\x1b  d\n');
  });

  test('a row of one cell widens no column, and is whole', () => {
    const rows = [cells('a', 'b'), cells('long'.repeat(99)), cells('aa', 'b')];
    assert.equal(formatTable([], rows), `a   b\n${'long'.repeat(99)}\naa  b\n`);
  });

  test('one cell cannot widen every line beyond measure', () => {
    const text = formatTable([], [cells('a', 'x'), cells('b'.repeat(1_000_000), 'y')]);
    assert.ok(text.length < 1000);
  });

  test('letters that are twice as wide, or take no room, keep the columns straight', () => {
    const text = formatTable(
      [],
      [cells('図書', '|'), cells('e\u0301abc', '|'), cells('abcd', '|')],
    );
    assert.equal(text, '図書  |\ne\u0301abc  |\nabcd  |\n');
  });
});

describe('widthOf', () => {
  for (const [text, width] of [
    ['abc', 3],
    ['é', 1],
    ['図', 2],
    ['한', 2],
    ['🙂', 2],
    ['…', 1],
  ] as const) {
    test(`${text} is ${width} wide`, () => assert.equal(widthOf(text), width));
  }
});
