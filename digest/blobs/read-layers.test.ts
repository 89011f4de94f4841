import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import type { DigestText } from '#digest/digest';
import type { Layer } from '#digest/layers/layer';
import { archiveOf, digestOf, piped, temporaryBlobs } from './blob.fixture.ts';
import type { LayerSource } from './layer-source.ts';
import { readLayers } from './read-layers.ts';

const hex = (bytes: Uint8Array | string): string => digestOf(Buffer.from(bytes)).slice(7);
const WRONG: DigestText = `sha256:${'0'.repeat(64)}`;

const files = { empty: '', small: 'small', large: randomBytes(3_000_000) };
const archive = archiveOf(files);

const contents = ({ entries }: Layer): Record<string, string> =>
  Object.fromEntries(entries.map(({ name, sha256 }) => [name, sha256]));
const expected = Object.fromEntries(
  Object.entries(files).map(([name, content]) => [name, hex(content)]),
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

/** @returns code and message of what it rejects with */
async function refusal(sources: readonly LayerSource[], limits = {}): Promise<string> {
  try {
    await readLayers(sources, { limits });
    return 'read';
  } catch (error) {
    assert.ok(error instanceof Error && 'code' in error, String(error));
    return `${String(error.code)} ${error.message}`;
  }
}

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
        await refusal([blobs.source(stored, archive, { digest: WRONG })]),
        `image layer 1: expected the digest ${WRONG}, found ${digestOf(stored)}`,
      );
      assert.equal(
        await refusal([blobs.source(stored, archive, { diffID: WRONG })]),
        `image layer 2: expected the diff_id ${WRONG}, found ${digestOf(archive)}`,
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

function workerThreads(): number {
  const names = readdirSync('/proc/self/task').map((task) =>
    readFileSync(`/proc/self/task/${task}/comm`, 'latin1'),
  );
  return names.filter((name) => name === 'WorkerThread\n').length;
}

describe('many layers', () => {
  /** So large that other threads are asked to help. */
  const many = Array.from({ length: 8 }, (_, index) => {
    const bytes = archiveOf({ [`file-${index}`]: randomBytes(700_000 + 10_000 * index) });
    return { bytes, stored: index % 2 === 0 ? gzipSync(bytes) : bytes };
  });

  test('are read by several threads, and come in their order', async () => {
    using blobs = temporaryBlobs();
    const sources = many.map(({ stored, bytes }) => blobs.source(stored, bytes));
    let threads = 0;
    let read = 0;
    const layers = await readLayers(sources, {
      onProgress: (bytes) => {
        read += bytes;
        threads = Math.max(threads, workerThreads());
      },
    });
    assert.deepEqual(
      layers.map(({ entries }) => entries.map(({ name }) => name)),
      many.map((_, index) => [`file-${index}`]),
    );
    assert.deepEqual(
      layers.map(({ diffID }) => diffID),
      many.map(({ bytes }) => digestOf(bytes)),
    );
    assert.equal(
      read,
      many.reduce((sum, { stored }) => sum + stored.length, 0),
    );
    assert.equal(threads, Math.min(availableParallelism(), many.length) - 1);
  });

  test('are read where no thread can be started', () => {
    using blobs = temporaryBlobs();
    const claims = many.map(({ stored, bytes }, index) => {
      writeFileSync(`${blobs.path}/${index}`, stored);
      return { path: `${blobs.path}/${index}`, size: stored.length, diffID: digestOf(bytes) };
    });
    const code = `
      import { spawnSync } from 'node:child_process';
      import { openSync } from 'node:fs';
      import { readLayers } from ${JSON.stringify(new URL('./read-layers.ts', import.meta.url))};
      const sources = ${JSON.stringify(claims)}.map(({ path, size, diffID }) => ({
        blob: { fd: openSync(path, 'r'), offset: 0, size }, diffID, label: path,
      }));
      // Root may have as many as it wants.
      const limited = spawnSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
      process.setuid(65533);
      let threads = '';
      try { new (await import('node:worker_threads')).Worker('', { eval: true }); } catch ({ code }) { threads = code; }
      console.log(limited.status, threads, (await readLayers(sources)).length);`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
    const found = piped(Buffer.alloc(0), process.execPath, ...args).toString();
    assert.equal(found, `0 ERR_WORKER_INIT_FAILED ${many.length}\n`);
  });

  test('are refused if one is wrong, whichever it is', async () => {
    using blobs = temporaryBlobs();
    for (const wrong of many.keys()) {
      const sources = many.map(({ stored, bytes }, index) =>
        blobs.source(stored, bytes, {
          label: `layer ${index}`,
          ...(index === wrong ? { diffID: WRONG } : {}),
        }),
      );
      // oxlint-disable-next-line no-await-in-loop
      assert.match(
        await refusal(sources),
        new RegExp(`^image layer ${wrong}: expected the diff_id ${WRONG}, found `),
      );
    }
  });

  test('are read once where they are equal', async () => {
    using blobs = temporaryBlobs();
    const [first, second] = many.map(({ stored, bytes }) => blobs.source(stored, bytes));
    assert.ok(first && second);
    let read = 0;
    const again = { ...first, label: 'again' };
    const layers = await readLayers([first, second, again, first], {
      onProgress: (bytes) => (read += bytes),
    });
    assert.equal(read, first.blob.size + second.blob.size);
    assert.equal(layers[0], layers[2]);
    assert.equal(layers[0], layers[3]);
    assert.notEqual(layers[0], layers[1]);
  });

  test('of one content but different digests are each verified', async () => {
    using blobs = temporaryBlobs();
    const bytes = many[0]?.bytes ?? archive;
    const sources = [gzipSync(bytes), gzipSync(bytes, { level: 1 }), bytes].map((stored) =>
      blobs.source(stored, bytes),
    );
    const [first, ...others] = await readLayers(sources);
    for (const other of others) assert.deepEqual(other, first);
    const [a, b, c] = sources;
    assert.ok(a && b && c);
    assert.match(await refusal([a, { ...b, digest: WRONG }, c]), /expected the digest/);
  });
});

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
    assert.equal(layer?.entries[0]?.sha256, hex(Buffer.alloc(size)));
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
    await readLayers([blobs.source(archive, archive)]);
    const before = process.memoryUsage.rss();
    writeFileSync('/proc/self/clear_refs', '5');
    assert.match(await refusal([source]), /^image .* expected the diff_id/);
    const peak =
      1024 * Number(/VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
    assert.ok(peak - before < 32 * 1024 ** 2, `${peak - before} bytes`);
  });
});
