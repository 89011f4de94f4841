import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import type { Entry } from './entry.ts';
import { DigestError } from './errors.ts';
import { encodeEntry, LISTING_HEADER, parseListing } from './listing.ts';
import { ListingDigest } from './listing-digest.ts';

const testdata = new URL('./testdata/', import.meta.url);
const files = readdirSync(testdata).filter((name) => name.endsWith('.listing'));
const refused = files.filter((name) => name.startsWith('should-fail-'));
const accepted = files.filter((name) => !refused.includes(name));
const read = (name: string): Buffer => readFileSync(new URL(name, testdata));

describe('a listing of the specification', () => {
  for (const name of accepted) {
    const listing = read(name);
    const vector = read(name.replace(/listing$/, 'sha256'))
      .toString('ascii')
      .slice(0, 64);

    test(`${name} has its digest, by two implementations`, () => {
      assert.equal(sha256(listing).toHex(), vector);
      assert.equal(createHash('sha256').update(listing).digest('hex'), vector);
    });

    test(`${name} is parsed and encoded to the same bytes`, () => {
      const { kind, entries } = parseListing(listing);
      const encoded = LISTING_HEADER[kind] + entries.map(encodeEntry).join('');
      assert.equal(encoded, listing.toString('latin1'));
    });

    test(`${name} has its digest when its entries are listed`, () => {
      const { kind, entries } = parseListing(listing);
      const digest = new ListingDigest(kind);
      for (const entry of entries) digest.add(entry);
      assert.equal(digest.digest(), `sha256:${vector}`);
    });
  }

  for (const name of refused) {
    test(`${name} is refused`, () => {
      assert.throws(() => parseListing(read(name)), { name: 'DigestError', code: 'malformed' });
    });
  }
});

const byteStrings = (excluded: number, maxLength: number): fc.Arbitrary<string> =>
  fc
    .array(fc.integer({ min: 1, max: 255 }), { minLength: 1, maxLength })
    .filter((codes) => !codes.includes(excluded))
    .map((codes) => String.fromCharCode(...codes));

const names = byteStrings(0x2f, 20).filter((name) => name !== '.' && name !== '..');
const ids = fc.integer({ min: 0, max: 2 ** 32 - 2 });
const owner = { uid: ids, gid: ids, xattrs: fc.constant([]) };
const moded = { ...owner, mode: fc.integer({ min: 0, max: 0o7777 }) };

/** An entry of any kind, still without its path. */
const pathless = fc.oneof(
  fc.record({ kind: fc.constant('dir' as const), ...moded }),
  fc.record({ kind: fc.constant('fifo' as const), ...moded }),
  fc.record({ kind: fc.constant('link' as const), ...owner, target: byteStrings(0, 30) }),
  fc.record({
    kind: fc.constantFrom('char' as const, 'block' as const),
    ...moded,
    major: fc.integer({ min: 0, max: 4095 }),
    minor: fc.integer({ min: 0, max: 2 ** 20 - 1 }),
  }),
  fc.record({
    kind: fc.constant('file' as const),
    ...moded,
    size: fc.maxSafeNat(),
    sha256: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((digest) => digest.toHex()),
  }),
);

const directories: fc.Arbitrary<Entry[]> = fc
  .dictionary(names, pathless, { maxKeys: 8 })
  .map((entries) =>
    Object.entries(entries)
      .map(([path, entry]) => ({ ...entry, path }))
      .toSorted((a, b) => (a.path < b.path ? -1 : 1)),
  );

const encode = (entries: readonly Entry[]): Buffer =>
  Buffer.from(LISTING_HEADER.rootfs + entries.map(encodeEntry).join(''), 'latin1');

describe('any listing', () => {
  test('says what was listed, whatever bytes the names and targets have', () => {
    fc.assert(
      fc.property(directories, (entries) => {
        assert.deepEqual(parseListing(encode(entries)), { kind: 'rootfs', entries });
      }),
    );
  });

  test('has one line for each entry: no name can forge another', () => {
    fc.assert(
      fc.property(directories, (entries) => {
        const lines = encode(entries).toString('latin1').split('\n');
        assert.equal(lines.length, entries.length + 3);
      }),
    );
  });

  test('with any byte changed is refused or says something else', () => {
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      byte: fc.integer({ min: 0, max: 255 }),
    });
    fc.assert(
      fc.property(directories, change, (entries, { at, byte }) => {
        const listing = encode(entries);
        const index = Math.floor(at * listing.length);
        fc.pre(listing[index] !== byte);
        listing[index] = byte;
        try {
          assert.notDeepEqual(parseListing(listing), { kind: 'rootfs', entries });
        } catch (error) {
          if (!(error instanceof DigestError)) throw error;
          assert.equal(error.code, 'malformed');
        }
      }),
    );
  });

  test('is hashed the same when its digests are filled in later', () => {
    const entries = Array.from({ length: 3000 }, (_, index): Entry & { kind: 'file' } => ({
      kind: 'file',
      path: `f\n${String(index).padStart(5, '0')}`,
      mode: 0o644,
      uid: 0,
      gid: 0,
      size: 1,
      sha256: sha256(Buffer.from(String(index))).toHex(),
      xattrs: [],
    }));
    const atOnce = new ListingDigest('rootfs');
    for (const entry of entries) atOnce.add(entry);
    const chunks: Uint8Array[] = [];
    const later = new ListingDigest('rootfs', (chunk) => chunks.push(chunk));
    for (const entry of entries) later.addFile(entry);
    assert.deepEqual(chunks, []);
    for (const entry of entries) {
      assert.equal(later.firstGapPath, entry.path);
      later.fillFirst(Buffer.from(entry.sha256, 'latin1'), 0);
    }
    assert.equal(later.digest(), atOnce.digest());
    assert.deepEqual(Buffer.concat(chunks), encode(entries));
  });

  test('has no digest while one of a file is missing', () => {
    const listing = new ListingDigest('rootfs');
    const file = { path: 'f', mode: 0, uid: 0, gid: 0, size: 1, xattrs: [] };
    listing.addFile({ kind: 'file', ...file });
    assert.throws(() => listing.digest(), RangeError);
  });
});
