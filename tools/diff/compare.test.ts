import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { Entry } from '#digest/entry';
import { encodeEntry, LISTING_HEADER, parseListing } from '#digest/listing';
import { compareEntries } from './compare.ts';

const ABC = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';

/** What lines of a listing say. */
function entriesOf(...lines: readonly string[]): readonly Entry[] {
  const text = LISTING_HEADER.rootfs + lines.map((line) => `${line}\n`).join('');
  return parseListing(Buffer.from(text, 'latin1')).entries;
}

const dir = (path: string) => `./${path} type=dir mode=0755 uid=0 gid=0`;
const file = (path: string, size = 3) =>
  `./${path} type=file mode=0644 uid=0 gid=0 size=${size} sha256digest=${ABC}`;
const link = (path: string) => `./${path} type=link uid=0 gid=0 link=usr/\\040bin`;

/** The differences in short: a path, and the fields of it. */
function compare(a: readonly Entry[], b: readonly Entry[]): readonly (readonly unknown[])[] {
  return [...compareEntries(a, b)].map(({ path, fields }) => [
    path,
    ...fields.map((difference) => [difference.field, difference.a, difference.b]),
  ]);
}

describe('compareEntries', () => {
  test('tells each field that differs, and no other', () => {
    const a = entriesOf(dir('etc'), file('etc/hosts'), file('same'));
    const b = entriesOf(
      './etc type=dir mode=1777 uid=0 gid=7',
      file('etc/hosts', 4).replace(ABC, '0'.repeat(64)),
      file('same'),
    );
    assert.deepEqual(compare(a, b), [
      ['etc', ['mode', '0755', '1777'], ['gid', '0', '7']],
      ['etc/hosts', ['size', '3', '4'], ['sha256digest', ABC, '0'.repeat(64)]],
    ]);
  });

  test('tells all fields of what only one side has', () => {
    const everything = [
      ['type', 'link'],
      ['uid', '0'],
      ['gid', '0'],
      ['link', 'usr/\\040bin'],
    ] as const;
    assert.deepEqual(compare(entriesOf(link('bin')), []), [
      ['bin', ...everything.map(([field, value]) => [field, value, undefined])],
    ]);
    assert.deepEqual(compare([], entriesOf(link('bin'))), [
      ['bin', ...everything.map(([field, value]) => [field, undefined, value])],
    ]);
  });

  test('tells the fields of both types where the type differs', () => {
    const device = './x type=char mode=0644 uid=0 gid=0 device=native,1,3';
    assert.deepEqual(compare(entriesOf(file('x')), entriesOf(device)), [
      [
        'x',
        ['type', 'file', 'char'],
        ['size', '3', undefined],
        ['sha256digest', ABC, undefined],
        ['device', undefined, 'native,1,3'],
      ],
    ]);
    assert.deepEqual(compare(entriesOf(link('x')), entriesOf(dir('x'))), [
      [
        'x',
        ['type', 'link', 'dir'],
        ['mode', undefined, '0755'],
        ['link', 'usr/\\040bin', undefined],
      ],
    ]);
  });

  test('tells an attribute by its name', () => {
    const capability = '#xattr security.capability=AQAAAgAgAAAAAAAAAAAAAAAAAAA=';
    assert.deepEqual(compare(entriesOf(file('ping'), capability), entriesOf(file('ping'))), [
      ['ping', ['security.capability', 'AQAAAgAgAAAAAAAAAAAAAAAAAAA=', undefined]],
    ]);
  });

  test('goes by names, not by paths: what is below a directory comes before its longer neighbours', () => {
    const a = entriesOf(dir('a'), file('a/b'), file('a-b'), file('a.b'));
    const b = entriesOf(dir('a'), file('a/c'), file('a!'));
    assert.deepEqual(
      [...compareEntries(a, b)].map(({ path }) => path),
      ['a/b', 'a/c', 'a!', 'a-b', 'a.b'],
    );
  });

  test('finds what a comparison path by path finds, in the order of both listings', () => {
    fc.assert(
      fc.property(tree, tree, (a, b) => {
        const differences = [...compareEntries(a, b)];
        const byPath = new Map(differences.map((difference) => [difference.path, difference]));
        assert.equal(byPath.size, differences.length);
        for (const path of pathsOf([...a, ...b])) {
          const [left, right] = [linesAt(a, path), linesAt(b, path)];
          assert.equal(byPath.has(path), left !== right, path);
        }
        for (const [side, entries] of [
          ['a', a],
          ['b', b],
        ] as const) {
          const found = differences.flatMap((difference) => difference[side] ?? []);
          assert.deepEqual(
            found,
            entries.filter(({ path }) => byPath.has(path)),
          );
        }
      }),
      { numRuns: 300 },
    );
  });
});

function pathsOf(entries: readonly Entry[]): ReadonlySet<string> {
  return new Set(entries.map(({ path }) => path));
}

function linesAt(entries: readonly Entry[], path: string): string | undefined {
  const entry = entries.find((candidate) => candidate.path === path);
  return entry && encodeEntry(entry);
}

/** Bytes on both sides of the slash, in names that begin alike. */
const NAMES = ['a', 'a!', 'a-', 'a0', 'a\xff', '\x01'];

interface Node {
  readonly uid: number;
  readonly children: readonly (readonly [name: string, node: Node])[] | undefined;
}

const { node } = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.record({
    uid: fc.nat({ max: 1 }),
    children: fc.option(childrenOf(tie('node')), { nil: undefined, depthSize: 'small' }),
  }),
}));

const tree = childrenOf(node).map((children) =>
  children.flatMap(([name, child]) => flatten(name, child)),
);

function childrenOf(child: fc.Arbitrary<Node>): fc.Arbitrary<readonly (readonly [string, Node])[]> {
  return fc
    .subarray(NAMES)
    .chain((names) =>
      fc.tuple(...names.toSorted().map((name) => fc.tuple(fc.constant(name), child))),
    );
}

function flatten(path: string, { uid, children }: Node): readonly Entry[] {
  const owned = { path, uid, gid: 0, mode: 0o755, xattrs: [] };
  if (children === undefined) return [{ kind: 'fifo', ...owned }];
  const below = children.flatMap(([name, child]) => flatten(`${path}/${name}`, child));
  return [{ kind: 'dir', ...owned }, ...below];
}
