import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { type LayerEntry, TypeFlag } from '#digest/layers/layer';
import { EntryPacker, unpackEntries } from './packed-entries.ts';

const byteString = (maxLength: number) =>
  fc
    .uint8Array({ maxLength })
    .map((bytes) => Buffer.from(bytes).toString('latin1').replaceAll('\0', '0'));
const word = fc.oneof(fc.nat(9), fc.nat({ max: 2 ** 32 - 1 }), fc.constant(2 ** 32 - 1));
const size = fc.oneof(fc.nat(9), fc.maxSafeNat(), fc.constant(2 ** 32), fc.constant(2 ** 53 - 1));
const digest = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((bytes) => Buffer.from(bytes).toString('hex'));

const noNullPrototype = true;
const entry: fc.Arbitrary<LayerEntry> = fc.record(
  {
    name: byteString(40),
    typeFlag: fc.constantFrom(...Object.values(TypeFlag), 'S', 'ÿ'),
    linkName: byteString(20),
    mode: word,
    uid: word,
    gid: word,
    major: word,
    minor: word,
    isDeviceCut: fc.boolean(),
    size,
    sha256: fc.oneof(fc.constant(''), digest),
    xattrs: fc.uniqueArray(
      fc.record(
        { name: byteString(10), value: fc.uint8Array({ maxLength: 30 }) },
        { noNullPrototype },
      ),
      { maxLength: 4, selector: ({ name }) => name },
    ),
  },
  { noNullPrototype },
);

function handedOver(entries: readonly LayerEntry[]): LayerEntry[] {
  const packer = new EntryPacker();
  for (const { sha256, ...header } of entries) {
    packer.add(header, sha256 === '' ? undefined : Uint8Array.fromHex(sha256));
  }
  const { count, words, bytes } = packer.pack();
  return unpackEntries(
    structuredClone({ count, words, bytes }, { transfer: [words.buffer, bytes.buffer] }),
  );
}

describe('entries handed over', () => {
  test('are the same entries', () => {
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 20 }), (entries) => {
        assert.deepEqual(handedOver(entries), entries);
      }),
    );
  });

  test('may be many, and their names and attributes long', () => {
    const numbers = { mode: 0o644, uid: 0, gid: 0, major: 0, minor: 0, isDeviceCut: false };
    const text = { typeFlag: '0', linkName: '', sha256: '00'.repeat(32) };
    const many = Array.from({ length: 20_000 }, (_, index) => ({
      ...numbers,
      ...text,
      name: `${index}`.padEnd(index % 300, 'é'),
      size: index,
      xattrs: index % 1000 === 0 ? [{ name: 'n', value: new Uint8Array(100_000).fill(index) }] : [],
    }));
    assert.deepEqual(handedOver(many), many);
  });
});
