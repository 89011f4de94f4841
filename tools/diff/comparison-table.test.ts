import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { LISTING_HEADER, parseListing } from '#digest/listing';
import { compareEntries } from './compare.ts';
import { formatComparison } from './comparison-table.ts';

const A = { source: 'first', digest: `sha256:${'a'.repeat(64)}` } as const;
const B = { source: 'second', digest: `sha256:${'b'.repeat(64)}` } as const;
const SHA256 = { abc: `ba7816bf${'0'.repeat(56)}`, other: `2c26b46b${'0'.repeat(56)}` };

/** What people see of two listings, without the two lines that name them. */
function compare(linesOfA: readonly string[], linesOfB: readonly string[]): readonly string[] {
  const [a, b] = [linesOfA, linesOfB].map((lines) => {
    const text = LISTING_HEADER.rootfs + lines.map((line) => `${line}\n`).join('');
    return parseListing(Buffer.from(text)).entries;
  });
  const [entriesOfA = [], entriesOfB = []] = [a, b];
  const text = formatComparison({
    a: { ...A, entries: entriesOfA },
    b: { ...B, entries: entriesOfB },
    differences: [...compareEntries(entriesOfA, entriesOfB)],
  });
  const [first, second, empty, ...rest] = text.split('\n');
  assert.deepEqual([first, second, empty], [`A  ${A.digest}  first`, `B  ${B.digest}  second`, '']);
  return rest.map((line) => line.replaceAll(/ {2,}/g, '  '));
}

const dir = (path: string) => `./${path} type=dir mode=0755 uid=0 gid=0`;
const link = (path: string) => `./${path} type=link uid=0 gid=0 link=usr/bin`;
const file = (path: string, size = 3, sha256 = SHA256.abc) =>
  `./${path} type=file mode=0644 uid=0 gid=0 size=${size} sha256digest=${sha256}`;

describe('formatComparison', () => {
  test('shows a path once, and its fields below each other', () => {
    assert.deepEqual(compare([file('f')], [file('f', 4, SHA256.other)]), [
      'PATH  FIELD  A  B',
      './f  size  3  4',
      '  sha256digest  ba7816bf0000  2c26b46b0000',
      '',
      '1 path differs (1 × size, 1 × sha256digest)',
      '',
    ]);
  });

  test('folds a tree that only one side has into its first line', () => {
    const tree = [dir('d'), dir('d/e'), link('d/e/f'), file('d/g')];
    assert.deepEqual(compare([file('a', 1), ...tree, dir('z')], []), [
      'PATH  FIELD  A  B',
      './a  only in A  file, 1 byte',
      './d  only in A  dir, and 3 below',
      './z  only in A  dir',
      '',
      '6 only in A',
      '',
    ]);
    assert.deepEqual(compare([file('d')], tree).slice(1), [
      './d  type  file, 3 bytes  dir, and 3 below',
      '  mode  0644  0755',
      '',
      '1 path differs, 3 only in B (1 × type, 1 × mode)',
      '',
    ]);
  });

  test('does not fold what both sides have, nor a neighbour whose name begins alike', () => {
    const a = [dir('d'), file('d/f'), file('d/g'), file('d.h')];
    assert.deepEqual(compare(a, [dir('d'), file('d/g')]).slice(1, 3), [
      './d/f  only in A  file, 3 bytes',
      './d.h  only in A  file, 3 bytes',
    ]);
  });

  test('says of another type what it is, and keeps quiet of what comes with it', () => {
    assert.deepEqual(compare([link('bin'), link('x')], [dir('bin'), file('x')]).slice(1), [
      './bin  type  link to usr/bin  dir',
      './x  type  link to usr/bin  file, 3 bytes',
      '',
      '2 paths differ (2 × type)',
      '',
    ]);
    const devices = ['char', 'block'].map(
      (type) => `./d type=${type} mode=0600 uid=0 gid=5 device=native,1,3`,
    );
    const fifo = './d type=fifo mode=0600 uid=0 gid=0';
    assert.deepEqual(compare(devices.slice(0, 1), devices.slice(1)).slice(1, 2), [
      './d  type  char 1,3  block 1,3',
    ]);
    assert.deepEqual(compare(devices.slice(0, 1), [fifo]).slice(1, 3), [
      './d  type  char 1,3  fifo',
      '  gid  5  0',
    ]);
  });

  test('never keeps quiet of an attribute', () => {
    const capability = '#xattr security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA=';
    assert.deepEqual(compare([file('ping'), capability], [link('ping')]).slice(1, 3), [
      './ping  type  file, 3 bytes  link to usr/bin',
      '  security.capability  AQAAAgAgAAAAAAAAAAAAAAAAAAA=',
    ]);
  });

  test('gives a long path or value lines of its own, whole, so that no column is wider for them', () => {
    const [path, target] = ['p'.repeat(240), 't'.repeat(240)];
    const lines = compare(
      [link('l').replace('usr/bin', target), file(path), file('z')],
      [link('l'), file(path, 4), file('z', 5)],
    );
    assert.deepEqual(lines.slice(0, 8), [
      'PATH  FIELD  A  B',
      './l  link',
      `  ${target}`,
      '  usr/bin',
      `./${path}`,
      '  size  3  4',
      './z  size  3  5',
      '',
    ]);
  });

  test('shows digests whole that begin alike', () => {
    const [a, b] = [`${'a'.repeat(63)}1`, `${'a'.repeat(63)}2`];
    assert.equal(compare([file('f', 3, a)], [file('f', 3, b)])[2], `  ${a}`);
  });

  test('is one line where the digests are equal', () => {
    const side = { ...A, entries: [] };
    assert.equal(formatComparison({ a: side, b: side, differences: [] }), `equal: ${A.digest}\n`);
  });
});
