import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { archiveOf, digestOf, piped, refusal, temporaryBlobs } from './blob.fixture.ts';
import { readLayers } from './read-layers.ts';

/** The archive of one sparse file, whose size is claimed by a PAX record (format 1.0), without any of its bytes. */
function sparseArchive(path: string, size: number): Buffer {
  writeFileSync(`${path}/sparse`, '');
  piped(Buffer.alloc(0), 'truncate', '-s', `${size}`, `${path}/sparse`);
  const options = ['--format=posix', '--sparse', '--sparse-version=1.0', '-C', path];
  const found = piped(Buffer.alloc(0), 'tar', ...options, '-cf', '-', 'sparse');
  rmSync(`${path}/sparse`);
  return found;
}

describe('what an image costs is bounded:', () => {
  const zeros = archiveOf({ zeros: Buffer.alloc(64 * 1024 ** 2) });

  test('a file that claims a terabyte is refused before its content', async () => {
    using blobs = temporaryBlobs();
    const sparse = sparseArchive(blobs.path, 2 ** 40);
    assert.equal(
      await refusal([blobs.source(sparse, sparse)]),
      'too-large layer 1: expected at most 137438953472 uncompressed bytes in an image',
    );
  });

  test('a hole is hashed as the zeros that it is', async () => {
    using blobs = temporaryBlobs();
    const size = 5 * 1024 ** 2 + 17;
    const sparse = sparseArchive(blobs.path, size);
    const [layer] = await readLayers([blobs.source(sparse, sparse)]);
    assert.equal(`sha256:${layer?.entries[0]?.sha256}`, digestOf(Buffer.alloc(size)));
    assert.equal(layer?.entries[0]?.size, size);
    assert.match(
      await refusal([blobs.source(sparse, sparse)], { bytes: size }),
      /^too-large layer 2: expected at most 5242897 uncompressed bytes/,
    );
  });

  for (const [name, bomb] of Object.entries({
    gzip: gzipSync(zeros),
    zstd: zstdCompressSync(zeros),
  })) {
    test(`a ${name} bomb ends at the limit, in and behind a file`, async () => {
      using blobs = temporaryBlobs();
      const limits = { bytes: 1024 ** 2 };
      assert.match(await refusal([blobs.source(bomb, zeros)], limits), /^too-large layer 1: /);
      const behind = Buffer.concat([archiveOf({ small: '' }), zeros]);
      const stored = name === 'gzip' ? gzipSync(behind) : zstdCompressSync(behind);
      assert.match(await refusal([blobs.source(stored, behind)], limits), /^too-large layer 2: /);
    });
  }

  test('layers, entries and names are counted, those of all layers together', async () => {
    using blobs = temporaryBlobs();
    const two = ['a', 'b'].map((name) => archiveOf({ [name.repeat(100)]: name }));
    const sources = two.map((bytes) => blobs.source(bytes, bytes));
    assert.equal(
      await refusal(sources, { layers: 1 }),
      'too-large expected at most 1 layers, found 2',
    );
    assert.equal(await refusal(sources, { layers: 2, entries: 2, metadataBytes: 200 }), 'read');
    assert.match(await refusal(sources, { entries: 1 }), /^too-large .* at most 1 entries/);
    assert.match(
      await refusal(sources, { metadataBytes: 199 }),
      /^too-large .* 199 bytes of names/,
    );
    const bytes = two.reduce((sum, { length }) => sum + length, 0);
    assert.equal(await refusal(sources, { bytes }), 'read');
    assert.match(await refusal(sources, { bytes: bytes - 1 }), /^too-large .* uncompressed bytes/);
  });

  test('memory does not depend on the size of a layer', async () => {
    using blobs = temporaryBlobs();
    const large = gzipSync(archiveOf({ zeros: Buffer.alloc(256 * 1024 ** 2) }), { level: 1 });
    const source = blobs.source(large, Buffer.alloc(0), { digest: undefined });
    const small = archiveOf({ small: '' });
    await readLayers([blobs.source(small, small)]);
    const before = process.memoryUsage.rss();
    writeFileSync('/proc/self/clear_refs', '5');
    assert.match(await refusal([source]), /^image .* expected the diff_id/);
    const peak =
      1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    assert.ok(peak - before < 32 * 1024 ** 2, `${peak - before} bytes`);
  });
});
