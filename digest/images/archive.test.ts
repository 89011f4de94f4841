import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { DigestError } from '#digest/errors';
import { BLOCK_SIZE } from '#digest/tar/header-block';
import { scratchDirectory } from '#digest/tree.fixture';
import { openArchive } from './archive-files.ts';
import {
  contentOf,
  describeImage,
  type ImageDirectory,
  imageDirectory,
  refusal,
} from './image.fixture.ts';

/** A layout with one image. */
function layout(): ImageDirectory {
  const directory = imageDirectory();
  directory.index([directory.image()]);
  return directory;
}

const inDirectory = ({ path }: ImageDirectory): Promise<object> =>
  describeImage({ kind: 'oci', path, reference: undefined });
const inArchive = (path: string): Promise<object> =>
  describeImage({ kind: 'oci-archive', path, reference: undefined });

describe('an image in an archive is the one in the directory', () => {
  for (const format of ['ustar', 'gnu', 'oldgnu', 'posix', 'v7']) {
    test(`in GNU tar’s format ${format}`, async () => {
      using directory = layout();
      assert.deepEqual(
        await inArchive(directory.archive(`--format=${format}`)),
        await inDirectory(directory),
      );
    });
  }

  const programs: readonly [string, readonly string[]][] = [
    ['gzip', ['-1']],
    ['zstd', ['-q', '-1']],
  ];
  for (const [program, options] of programs) {
    test(`compressed with ${program}, and nothing of it is left behind`, async () => {
      using directory = layout();
      const archive = directory.archive();
      const compressed = `${archive}.${program}`;
      writeFileSync(
        compressed,
        execFileSync(program, [...options, '-c'], { input: readFileSync(archive) }),
      );
      using temporary = temporaryDirectory();
      assert.deepEqual(await inArchive(compressed), await inDirectory(directory));
      assert.deepEqual(readdirSync(temporary.path), []);
    });
  }

  test('in two frames of zstd, after a skippable one', async () => {
    using directory = layout();
    const archive = readFileSync(directory.archive());
    const frame = (input: Uint8Array) => execFileSync('zstd', ['-qc'], { input });
    const skippable = Buffer.from('502a4d1803000000616263', 'hex');
    const half = archive.length / 2;
    const path = join(directory.path, 'archive.zst');
    const frames = [skippable, frame(archive.subarray(0, half)), frame(archive.subarray(half))];
    writeFileSync(path, Buffer.concat(frames));
    const found = await inArchive(path);
    assert.deepEqual(found, await inDirectory(directory));
  });
});

describe('an archive is refused', () => {
  test('that is docker save’s, and what to call it is told', async () => {
    using directory = imageDirectory();
    directory.put('manifest.json', '[]');
    rmSync(join(directory.path, 'oci-layout'), { force: true });
    const expected = /no oci-layout but a manifest.json: docker-archive:FILE/;
    await assert.rejects(inArchive(directory.archive()), refusal(expected));
  });

  const broken: readonly [string, (archive: Buffer) => Buffer, RegExp][] = [
    [
      'cut inside a header',
      (archive) => archive.subarray(0, BLOCK_SIZE + 100),
      /broken at byte 512: "it ends/,
    ],
    [
      'cut inside content',
      (archive) => archive.subarray(0, 2 * BLOCK_SIZE + 100),
      /expected \d+ bytes of "\.\/a" .* found 100/,
    ],
    [
      'with another checksum',
      (archive) => archive.fill(0x37, BLOCK_SIZE, BLOCK_SIZE + 1),
      /broken at byte 512/,
    ],
    [
      'that is text',
      () => Buffer.from('An archive, or so it says. '.repeat(100)),
      /broken at byte 0/,
    ],
    ['that is compressed in another way', () => Buffer.from('BZh91AY&SY'), /found bzip2/],
    ['whose gzip is cut', () => Buffer.from('1f8b080000000000', 'hex'), /whole compressed archive/],
    [
      'whose zstd is damaged',
      () => Buffer.from('28b52ffd00000000ffff', 'hex'),
      /whole compressed archive/,
    ],
  ];
  for (const [title, change, message] of broken) {
    test(title, async () => {
      using directory = imageDirectory();
      directory.put('a', 'a'.repeat(1000));
      const path = join(directory.path, 'broken.tar');
      writeFileSync(path, change(readFileSync(directory.archive('--sort=name'))));
      const before = readdirSync('/proc/self/fd').length;
      await assert.rejects(openArchive(path), refusal(message));
      assert.equal(readdirSync('/proc/self/fd').length, before);
    });
  }

  test('that is not there, or no file', async () => {
    await assert.rejects(openArchive('/nowhere'), { name: 'DigestError', code: 'unreadable' });
    await assert.rejects(openArchive('/'), refusal(/regular file/));
    await assert.rejects(openArchive('/dev/zero'), refusal(/regular file/));
  });

  test('with nothing but a DigestError, wherever bytes are changed', async () => {
    using directory = layout();
    directory.put('x'.repeat(120), 'long name');
    const archive = readFileSync(directory.archive('--format=posix'));
    const path = join(directory.path, 'changed.tar');
    const change = fc.record({
      at: fc.integer({ min: 0, max: archive.length - 1 }),
      byte: fc.constantFrom(0, 0x20, 0x30, 0x37, 0x38, 0x4b, 0x78, 0x80, 0xff),
    });
    const changes = fc.array(change, { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(changes, async (list) => {
        const changed = Buffer.from(archive);
        for (const { at, byte } of list) changed[at] = byte;
        mendChecksums(changed);
        writeFileSync(path, changed);
        try {
          await inArchive(path);
        } catch (error) {
          assert.ok(error instanceof DigestError, String(error));
        }
      }),
      { numRuns: 300 },
    );
  });
});

/** Makes each block with a magic a valid header again, so that its fields are read. */
function mendChecksums(archive: Buffer): void {
  for (let at = 0; at + BLOCK_SIZE <= archive.length; at += BLOCK_SIZE) {
    const header = archive.subarray(at, at + BLOCK_SIZE);
    if (header.toString('latin1', 257, 262) !== 'ustar') continue;
    header.fill(' ', 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  }
}

test('an archive of 4 GiB is opened without reading it', async () => {
  using directory = layout();
  directory.put('large', '');
  truncateSync(join(directory.path, 'large'), 4 * 1024 ** 3);
  const archive = join(directory.path, 'large.tar');
  // A header for the large file, a hole for its content, then the rest.
  const rest = readFileSync(directory.archive('--exclude=large', '--exclude=large.tar'));
  execFileSync('sh', ['-c', `tar -cf - -C ${directory.path} large | head -c 512 > ${archive}`], {
    stdio: 'pipe',
  });
  truncateSync(archive, BLOCK_SIZE + 4 * 1024 ** 3);
  execFileSync('sh', ['-c', `cat >> ${archive}`], { input: rest });
  const before = bytesRead();
  assert.equal(await contentOf(archive, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  assert.ok(bytesRead() - before < 1024 ** 2);
});

/** By this process, from wherever. */
function bytesRead(): number {
  return Number(/^rchar: (\d+)/.exec(readFileSync('/proc/self/io', 'latin1'))?.[1]);
}

/** Where temporary files go meanwhile. */
function temporaryDirectory(): Disposable & { readonly path: string } {
  const scratch = scratchDirectory();
  const { TMPDIR } = process.env;
  process.env['TMPDIR'] = scratch.path;
  return {
    path: scratch.path,
    [Symbol.dispose]() {
      if (TMPDIR === undefined) delete process.env['TMPDIR'];
      else process.env['TMPDIR'] = TMPDIR;
      scratch[Symbol.dispose]();
    },
  };
}
