import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { Layer } from '#digest/layers/layer';
import {
  archiveOf,
  digestOf,
  piped,
  refusal,
  temporaryBlobs,
  WRONG_DIGEST,
} from './blob.fixture.ts';
import { readLayers } from './read-layers.ts';

const files = { empty: '', small: 'small', large: randomBytes(3_000_000) };
const archive = archiveOf(files);

const contents = ({ entries }: Layer): Record<string, string> =>
  Object.fromEntries(entries.map(({ name, sha256 }) => [name, sha256]));
const expected = Object.fromEntries(
  Object.entries(files).map(([name, content]) => [name, digestOf(Buffer.from(content)).slice(7)]),
);

const formats: Readonly<Record<string, (bytes: Uint8Array) => Buffer>> = {
  'no compression': (bytes) => Buffer.from(bytes),
  gzip: (bytes) => piped(bytes, 'gzip', '-c'),
  'gzip in several members': (bytes) =>
    Buffer.concat([
      gzipSync(bytes.subarray(0, 1000)),
      gzipSync(''),
      gzipSync(bytes.subarray(1000)),
    ]),
  zstd: (bytes) => piped(bytes, 'zstd', '-q', '-c'),
  'zstd in several frames, behind one to skip': (bytes) =>
    Buffer.concat([
      Buffer.from('502a4d1803000000616263', 'hex'),
      zstdCompressSync(bytes.subarray(0, 1000)),
      zstdCompressSync(bytes.subarray(1000)),
    ]),
};

for (const [name, compress] of Object.entries(formats)) {
  const stored = compress(archive);
  describe(`a layer with ${name}`, () => {
    test('is read, and its files are hashed', async () => {
      using blobs = temporaryBlobs();
      const [layer] = await readLayers([blobs.source(stored, archive)]);
      assert.ok(layer);
      assert.equal(layer.diffID, digestOf(archive));
      assert.deepEqual(contents(layer), expected);
    });

    test('is refused with another digest or diff_id than the image says', async () => {
      using blobs = temporaryBlobs();
      assert.equal(
        await refusal([blobs.source(stored, archive, { digest: WRONG_DIGEST })]),
        `image layer 1: expected the digest ${WRONG_DIGEST}, found ${digestOf(stored)}`,
      );
      assert.equal(
        await refusal([blobs.source(stored, archive, { diffID: WRONG_DIGEST })]),
        `image layer 2: expected the diff_id ${WRONG_DIGEST}, found ${digestOf(archive)}`,
      );
    });

    test('that is damaged is told from one that is another one', async () => {
      using blobs = temporaryBlobs();
      const damaged = Buffer.from(stored);
      const middle = damaged.length >> 1;
      damaged.fill(0xff, middle, middle + 100);
      const digest = digestOf(stored);
      assert.equal(
        await refusal([blobs.source(damaged, archive, { digest })]),
        `image layer 1: expected the digest ${digest}, found ${digestOf(damaged)}`,
      );
      assert.match(await refusal([blobs.source(damaged, archive)]), /^(layer|image) layer 2: /);
    });

    test('that is cut is refused', async () => {
      using blobs = temporaryBlobs();
      const cut = stored.subarray(0, stored.length - 1234);
      assert.match(
        await refusal([blobs.source(cut, archive, { digest: digestOf(stored) })]),
        /^image layer 1: expected the digest /,
      );
      // Without an end the archive is still one; only then it is its diff_id that is wrong.
      const why = name === 'no compression' ? /^image .* diff_id/ : /^layer layer 2: .*ends early/;
      assert.match(await refusal([blobs.source(cut, archive, { digest: undefined })]), why);
    });

    test('may have anything behind the end of its archive, which is verified too', async () => {
      using blobs = temporaryBlobs();
      const longer = Buffer.concat([archive, Buffer.from('anything'), randomBytes(500_000)]);
      const [layer] = await readLayers([blobs.source(compress(longer), longer)]);
      assert.ok(layer);
      assert.deepEqual(contents(layer), expected);
      longer.writeUInt8(longer.readUInt8(longer.length - 1) ^ 1, longer.length - 1);
      assert.match(
        await refusal([blobs.source(compress(longer), archive)]),
        /^image layer 2: expected the diff_id /,
      );
    });
  });
}

describe('a blob', () => {
  test('without any byte is a layer without entries', async () => {
    using blobs = temporaryBlobs();
    const nothing = Buffer.alloc(0);
    assert.deepEqual(await readLayers([blobs.source(nothing, nothing)]), [
      { diffID: digestOf(nothing), entries: [] },
    ]);
  });

  test('that is shorter than the image says is refused', async () => {
    using blobs = temporaryBlobs();
    const source = blobs.source(archive, archive);
    const size = source.blob.size + 1000;
    assert.match(
      await refusal([{ ...source, blob: { ...source.blob, size } }]),
      /^image layer 1: expected a blob of \d+ bytes, found \d+$/,
    );
  });

  test('that cannot be read is refused', async () => {
    using blobs = temporaryBlobs();
    const source = blobs.source(archive, archive);
    const fd = openSync(blobs.path, 'r');
    try {
      assert.match(
        await refusal([{ ...source, blob: { ...source.blob, fd } }]),
        /^unreadable layer 1: could not read a file of the image: EISDIR/,
      );
    } finally {
      closeSync(fd);
    }
  });

  test('that is no archive is refused', async () => {
    using blobs = temporaryBlobs();
    const text = Buffer.alloc(2000, 'no archive ');
    assert.match(await refusal([blobs.source(text, text)]), /^layer layer 1: /);
  });
});
