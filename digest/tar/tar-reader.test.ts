import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DigestError, type DigestErrorCode } from '#digest/errors';
import { base256, END, entry, header, long, pax, record } from './archive.fixture.ts';
import { recordArchive } from './recording.fixture.ts';
import { TarReader, type TarVisitor } from './tar-reader.ts';
import { vectors } from './vectors/all-vectors.fixture.ts';

const MEBIBYTE = 2 ** 20;

const nothing: TarVisitor = { header() {}, data() {}, hole() {}, end() {} };

function refusal(archive: Uint8Array): { code: DigestErrorCode; message: string } {
  try {
    const reader = new TarReader(nothing);
    reader.write(archive);
    reader.close();
  } catch (error) {
    if (error instanceof DigestError) return { code: error.code, message: error.message };
    throw error;
  }
  return assert.fail('accepted');
}

describe('an archive that comes in pieces', () => {
  for (const length of [1, 7, 511, 513]) {
    test(`of ${length} bytes is the same`, () => {
      for (const [name, archive] of vectors) {
        assert.deepEqual(recordArchive(archive, [length]), recordArchive(archive), name);
      }
    });
  }

  test('of no bytes is the same', () => {
    const reader = new TarReader(nothing);
    reader.write(new Uint8Array());
    reader.write(entry({ name: 'a' }, 'x'));
    reader.write(new Uint8Array());
    reader.close();
  });

  test('has its content handed on as it lies in memory', () => {
    const archive = Buffer.concat([entry({ name: 'a' }, 'x'.repeat(9000)), END]);
    const seen: Uint8Array[] = [];
    const reader = new TarReader({ ...nothing, data: (chunk) => seen.push(chunk) });
    const whole = archive.subarray(600, 5000);
    for (const piece of [archive.subarray(0, 600), whole, archive.subarray(5000)])
      reader.write(piece);
    reader.close();
    assert.ok(seen.every(({ buffer }) => buffer === archive.buffer));
    assert.deepEqual(
      seen.map(({ length }) => length),
      [88, 4400, 4512],
    );
    assert.equal(seen[1]?.byteOffset, whole.byteOffset);
  });
});

describe('what is refused', () => {
  test('is named with the offset of its block, what was expected and what was found', () => {
    const good = entry({ name: 'a' }, 'x'.repeat(600));
    const bad = entry({ name: 'b', uid: '\x1b[31m' });
    const message =
      'byte 1536 of the archive: expected a number as uid of a tar header, found "\\033\\13331m\\000\\000\\000"';
    assert.deepEqual(refusal(Buffer.concat([good, bad])), {
      code: 'layer',
      message,
    });
  });

  test('is named so when it comes byte by byte', () => {
    const archive = Buffer.concat([entry({ name: 'a' }), entry({ name: 'b', checksum: '0' })]);
    assert.equal(recordArchive(archive, [1]).error, refusal(archive).message);
    assert.match(refusal(archive).message, /^byte 512 of the archive: expected a tar header/);
  });

  test('an archive that ends too soon, with where it ended', () => {
    assert.deepEqual(refusal(entry({ name: 'a' }, 'x'.repeat(600)).subarray(0, 700)), {
      code: 'layer',
      message: 'expected more of the archive behind byte 700, found its end',
    });
  });

  test('a name with NUL in a sparse file, which Go reads and no engine can create', () => {
    const records = [
      ['GNU.sparse.name', 'a\0b'],
      ['GNU.sparse.map', '0,1'],
      ['GNU.sparse.numblocks', '1'],
    ] as const;
    const { code, message } = refusal(Buffer.concat([pax(records), entry({ name: 'f' }, 'a')]));
    assert.equal(code, 'layer');
    assert.match(message, /without NUL, found ".\/a\\000b"$/);
  });

  test('a global header whose name Go leaves to chance', () => {
    const records = [
      ['path', 'a/b'],
      ['uid', 'x'],
    ] as const;
    assert.equal(refusal(Buffer.concat([pax(records, { type: 'g' }), END])).code, 'layer');
  });

  test('a size of 2^53 or more, as too large', () => {
    const sparse = pax([
      ['GNU.sparse.realsize', String(2n ** 53n)],
      ['GNU.sparse.map', '0,1'],
      ['GNU.sparse.numblocks', '1'],
    ]);
    for (const archive of [
      header({ name: 'a', size: base256(2n ** 53n, 12) }),
      Buffer.concat([pax([['size', String(2n ** 62n)]]), header({ name: 'a' })]),
      Buffer.concat([sparse, entry({ name: 'f' }, 'a')]),
    ]) {
      assert.equal(refusal(archive).code, 'too-large');
    }
  });

  test('what a visitor throws comes out as it is', () => {
    const thrown = new DigestError('too-large', 'enough');
    const reader = new TarReader({
      ...nothing,
      header() {
        throw thrown;
      },
    });
    assert.throws(
      () => reader.write(entry({ name: 'a' })),
      (error) => error === thrown,
    );
  });
});

describe('the numbers of a device', () => {
  const isCut = (major: number | string, minor: number | string): boolean | undefined => {
    let cut: boolean | undefined;
    const reader = new TarReader({ ...nothing, header: ({ isDeviceCut }) => (cut = isDeviceCut) });
    reader.write(entry({ name: 'd', type: '3', major, minor }));
    return cut;
  };

  test('are said to be cut where they do not fit into 32 bits', () => {
    const most = base256(2n ** 32n - 1n, 8);
    assert.equal(isCut(most, most), false);
    assert.equal(isCut(base256(2n ** 32n, 8), 0), true);
    assert.equal(isCut(0, base256(2n ** 62n, 8)), true);
    assert.equal(isCut(0, base256(-1n, 8)), true);
  });
});

describe('a claim costs nothing', () => {
  test('an extended header of more than 1 MiB is refused before its content is read', () => {
    for (const type of ['x', 'g', 'L', 'K']) {
      const claim = header({ type, size: 100 * MEBIBYTE });
      assert.match(refusal(claim).message, /at most 1048576 bytes, found 104857600$/);
      assert.match(refusal(header({ type, size: MEBIBYTE + 1 })).message, /found 1048577$/);
    }
  });

  test('an extended header of 1 MiB is read', () => {
    const name = 'n'.repeat(MEBIBYTE);
    const value = 'v'.repeat(
      MEBIBYTE - record('comment', 'v'.repeat(MEBIBYTE - 20)).length + MEBIBYTE - 20,
    );
    const archive = Buffer.concat([
      pax([['comment', value]]),
      long(name),
      entry({ name: 'f' }),
      END,
    ]);
    assert.equal(recordArchive(archive).entries[0]?.name, name);
  });

  test('a map of 1.0 of more than 1 MiB is refused when 1 MiB of it was read', () => {
    const records = [
      ['GNU.sparse.major', '1'],
      ['GNU.sparse.minor', '0'],
      ['GNU.sparse.realsize', '10'],
    ] as const;
    const sparse = (map: string): Buffer =>
      Buffer.concat([pax(records), entry({ name: 'f', size: 2 ** 32 }, map)]);
    assert.match(refusal(sparse('0'.repeat(MEBIBYTE + 512))).message, /at most 1048576 bytes$/);
    const millions = `${2 ** 40}\n${'1\n'.repeat(MEBIBYTE)}`;
    assert.match(
      refusal(sparse(millions)).message,
      /fragment within 2 to 10 of the sparse file, found 1\+1$/,
    );
    assert.match(refusal(sparse('0'.repeat(MEBIBYTE))).message, /^expected more of the archive/);
  });

  test('an old sparse map that never ends is refused after 1 MiB', () => {
    const head = header({ format: 'gnu', type: 'S', raw: [[482, '\x01']] });
    const more = Buffer.alloc(512);
    more[504] = 1;
    const reader = new TarReader(nothing);
    reader.write(head);
    let blocks = 0;
    assert.throws(
      () => {
        for (; blocks < 10_000; blocks += 1) reader.write(more);
      },
      { code: 'layer', message: /at most 1048576 bytes$/ },
    );
    assert.equal(blocks, 2046);
  });

  test('a hole of a petabyte is one call', () => {
    const size = 2 ** 50;
    const records = [
      ['GNU.sparse.realsize', String(size)],
      ['GNU.sparse.map', `${size - 1},1`],
      ['GNU.sparse.numblocks', '1'],
    ] as const;
    const calls: number[] = [];
    const reader = new TarReader({ ...nothing, hole: (length) => calls.push(length) });
    reader.write(Buffer.concat([pax(records), entry({ name: 'f' }, 'a'), END]));
    reader.close();
    assert.deepEqual(calls, [size - 1]);
  });

  test('a million extended headers, or files, leave no memory behind', () => {
    const part = Buffer.concat([
      pax([['comment', 'c'.repeat(400)]]),
      long('n'.repeat(300)),
      entry({ name: 'f' }, 'x'),
    ]);
    const piece = Buffer.concat(Array.from({ length: 100 }, () => part));
    const reader = new TarReader(nothing);
    const before = process.memoryUsage().rss;
    for (let i = 0; i < 1000; i += 1) reader.write(piece);
    assert.ok(process.memoryUsage().rss - before < 128 * MEBIBYTE);
  });

  test('extended headers of 1 MiB with as many records as fit are read in time', () => {
    const records = entry({ type: 'x' }, '5 k=\n'.repeat(Math.floor(MEBIBYTE / 5)));
    const spaces = entry({ type: 'x' }, record('SCHILY.xattr.user.a', '\0'.repeat(MEBIBYTE - 100)));
    const reader = new TarReader(nothing);
    const start = performance.now();
    for (let i = 0; i < 20; i += 1) {
      reader.write(records);
      reader.write(spaces);
    }
    assert.ok(performance.now() - start < 10_000);
  });
});
