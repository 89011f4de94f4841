import assert from 'node:assert/strict';
import { fstatSync, mkdirSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { readRegion } from '#digest/blobs/read-region';
import { DigestError } from '#digest/errors';
import { type ScratchDirectory, scratchDirectory } from '#digest/tree.fixture';
import { openArchive } from './archive-files.ts';
import { SpoolFile } from './spool-file.ts';
import type { StoredFiles } from './stored-files.ts';

const MIB = 1024 ** 2;
const SMALL = 20 * MIB;

let scratch: ScratchDirectory;
/** A file system of 20 MiB, where temporary files go meanwhile. */
let small: string;
const { TMPDIR } = process.env;

before(() => {
  scratch = scratchDirectory();
  small = join(scratch.path, 'small');
  mkdirSync(small);
  scratch.mount(small, { type: 'tmpfs', data: `size=${SMALL}` });
  process.env['TMPDIR'] = small;
});
after(() => {
  if (TMPDIR === undefined) delete process.env['TMPDIR'];
  else process.env['TMPDIR'] = TMPDIR;
  scratch[Symbol.dispose]();
});

function free(): number {
  const { bavail, bsize } = statfsSync(small);
  return bavail * bsize;
}

/** Of one member, `content`, in ustar. */
async function open(
  name: string,
  content: Uint8Array,
  compress: (input: Uint8Array) => Uint8Array = gzipSync,
): Promise<StoredFiles> {
  const archive = pack();
  archive.entry({ name: 'content' }, Buffer.from(content));
  archive.finalize();
  const path = join(scratch.path, name);
  writeFileSync(path, compress(await buffer(archive)));
  return openArchive(path);
}

describe('a compressed archive', () => {
  test('of zeros takes next to no room', async () => {
    using files = await open('zeros.gz', Buffer.alloc(4 * SMALL));
    const blob = files.find('content');
    assert.equal(blob?.size, 4 * SMALL);
    assert.ok(SMALL - free() <= MIB, `${SMALL - free()} bytes taken`);
  });

  for (const [name, compress] of [
    ['gzip', gzipSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    test(`of ${name} that would fill the disk is refused while a tenth of it is free`, async () => {
      const path = `bomb.${name}`;
      const error: unknown = await open(path, Buffer.alloc(4 * SMALL, 'a'), compress).then(
        (files) => files[Symbol.dispose](),
        (thrown: unknown) => thrown,
      );
      assert.ok(error instanceof DigestError);
      assert.equal(error.code, 'too-large');
      const { spared, left } =
        /^expected room to unpack ".*" in ".*" with (?<spared>\d+) bytes left free, found (?<left>\d+) bytes free after \d+ unpacked$/.exec(
          error.message,
        )?.groups ?? assert.fail(error.message);
      assert.equal(Number(spared), SMALL / 10);
      assert.ok(Number(left) >= SMALL / 10 && Number(left) <= SMALL / 10 + MIB, `${left} free`);
      assert.equal(free(), SMALL, 'nothing of it is left behind');
    });
  }
});

test('a file with holes reads as what was written, and ends where that ended', () => {
  using file = new SpoolFile('a test');
  const zeros = new Uint8Array(MIB / 4);
  const data = Buffer.from('content');
  for (const chunk of [zeros, data, zeros, data, zeros]) file.write(chunk);
  const region = file.finish();
  const all = readRegion(region, 0, region.size);
  assert.deepEqual(all, Buffer.concat([zeros, data, zeros, data, zeros]));
  assert.equal(region.size, file.size);
  assert.ok(fstatSync(region.fd).blocks * 512 <= 4 * 4096);
});
