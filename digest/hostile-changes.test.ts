import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  mkdirSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DigestError } from './errors.ts';
import { digestDirectory, exchange, makeNode, scratchDirectory } from './tree.fixture.ts';

const sha256 = (content: string): string => createHash('sha256').update(content).digest('hex');
const SECRET = 'outside of the tree';
const LEAST_MS = 800;
/** A busy machine may give the other thread little time. */
const MOST_MS = 30_000;
const LEAST_SWAPS = 100;

/** Exchanges two names as fast as it can, in a thread of its own, until disposed of. */
class Swapper implements Disposable {
  readonly #words = new Int32Array(new SharedArrayBuffer(8));

  constructor(a: string, b: string) {
    const code = `
      const { workerData: { words, a, b } } = require('node:worker_threads');
      const { functions } = process.getBuiltinModule('node:ffi').dlopen(null, {
        renameat2: { arguments: ['i32', 'buffer', 'i32', 'buffer', 'u32'], return: 'i32' },
      });
      const [from, to] = [a, b].map((path) => Buffer.from(path + '\\0'));
      const RENAME_EXCHANGE = 2;
      while (Atomics.load(words, 0) === 0) {
        if (functions.renameat2(-100, from, -100, to, RENAME_EXCHANGE) === 0) Atomics.add(words, 1, 1);
        Atomics.wait(words, 0, 0, Math.random() * 0.3);
      }
      Atomics.store(words, 0, 2);
      Atomics.notify(words, 0);`;
    new Worker(code, { eval: true, workerData: { words: this.#words, a, b } }).unref();
    while (this.swaps === 0) Atomics.wait(this.#words, 1, 0, 10);
  }

  get swaps(): number {
    return Atomics.load(this.#words, 1);
  }

  [Symbol.dispose](): void {
    Atomics.store(this.#words, 0, 1);
    Atomics.wait(this.#words, 0, 1, 5000);
  }
}

interface Outcome {
  readonly listings: ReadonlySet<string>;
  readonly codes: ReadonlySet<string>;
}

/** Digests a tree again and again while two names are exchanged. */
function digestWhileSwapping(tree: string, a: string, b: string): Outcome {
  using swapper = new Swapper(a, b);
  const listings = new Set<string>();
  const codes = new Set<string>();
  const enough = swapper.swaps + LEAST_SWAPS;
  const start = performance.now();
  const elapsed = (): number => performance.now() - start;
  while (elapsed() < LEAST_MS || (swapper.swaps < enough && elapsed() < MOST_MS)) {
    try {
      listings.add(digestDirectory(tree).listing);
    } catch (error) {
      if (!(error instanceof DigestError)) throw error;
      codes.add(error.code);
    }
  }
  assert.ok(swapper.swaps >= enough);
  return { listings, codes };
}

const kinds: Readonly<Record<string, (path: string, outside: string) => void>> = {
  'a file': (path) => writeFileSync(path, 'another file, of another size'),
  'a file of the same size': (path) => writeFileSync(path, 'GOOD'),
  'a link to a file outside': (path, outside) => symlinkSync(`${outside}/secret`, path),
  'a link to a directory outside': (path, outside) => symlinkSync(outside, path),
  'a fifo': (path) => makeNode(path, 0o010644),
  'a directory': (path) => {
    mkdirSync(path);
    writeFileSync(`${path}/secret`, 'of the tree');
  },
};

/** A tree with `victim` as the given kind and, beside the tree, what it is exchanged with. */
function prepare(path: string, kind: string, replacement: string): void {
  mkdirSync(`${path}/outside`);
  writeFileSync(`${path}/outside/secret`, SECRET);
  mkdirSync(`${path}/tree/dir`, { recursive: true });
  for (let i = 0; i < 100; i++) writeFileSync(`${path}/tree/dir/f${i}`, `${i}`);
  kinds[kind]?.(`${path}/tree/dir/victim`, `${path}/outside`);
  kinds[replacement]?.(`${path}/replacement`, `${path}/outside`);
}

describe('a tree that is changed while it is read', () => {
  for (const [kind, replacement] of [
    ['a file', 'a file of the same size'],
    ['a file', 'a link to a file outside'],
    ['a file', 'a fifo'],
    ['a file', 'a directory'],
    ['a directory', 'a link to a directory outside'],
  ] as const) {
    test(`shows one of its states or an error: ${kind} and ${replacement}`, () => {
      using scratch = scratchDirectory();
      const { path } = scratch;
      prepare(path, kind, replacement);
      const tree = `${path}/tree`;
      const victim = `${tree}/dir/victim`;
      const one = digestDirectory(tree).listing;
      exchange(victim, `${path}/replacement`);
      const other = digestDirectory(tree).listing;
      assert.notEqual(one, other);

      const { listings, codes } = digestWhileSwapping(tree, victim, `${path}/replacement`);
      for (const listing of listings) {
        assert.ok(!listing.includes(sha256(SECRET)), 'content from outside');
        assert.ok(listing === one || listing === other, listing);
      }
      for (const code of codes) assert.ok(code === 'changed', code);
    });
  }
});

describe('a file that changes between the walk and its hashing', () => {
  const changes: Readonly<Record<string, (file: string) => void>> = {
    shrinks: (file) => truncateSync(file, 1),
    grows: (file) => appendFileSync(file, 'more'),
    vanishes: (file) => unlinkSync(file),
    'is written to at its size': (file) => writeFileSync(file, 'bad!'),
    'becomes a link': (file) => {
      unlinkSync(file);
      symlinkSync('/etc/hostname', file);
    },
    'becomes a socket': (file) => {
      unlinkSync(file);
      makeNode(file, 0o140755);
    },
    'gets other permissions': (file) => chmodSync(file, 0o4755),
  };

  for (const [change, make] of Object.entries(changes)) {
    test(`is an error that names it: it ${change}`, () => {
      using scratch = scratchDirectory();
      const file = `${scratch.path}/a\nb`;
      writeFileSync(file, 'good');
      // The first interrupt in so small a tree comes when the walk is done and the file is hashed next.
      let isChanged = false;
      const interrupt = (): void => {
        if (!isChanged) make(file);
        isChanged = true;
      };
      assert.throws(() => digestDirectory(scratch.path, { interrupt }), {
        name: 'DigestError',
        code: 'changed',
        message: /^"\.\/a\\012b" changed while it was read: expected .+, found .+/,
      });
    });
  }

  test('is not missed in a directory: a name that comes later is an error', () => {
    using scratch = scratchDirectory();
    for (let i = 0; i < 300; i++) symlinkSync('x', `${scratch.path}/${i}`);
    const interrupt = (): void => writeFileSync(`${scratch.path}/late`, '');
    assert.throws(() => digestDirectory(scratch.path, { interrupt }), {
      name: 'DigestError',
      code: 'changed',
      message: /^"\." changed while it was read: expected mtime/,
    });
  });
});
