import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readRegion } from '#digest/blobs/read-region';
import { DigestError } from '#digest/errors';
import { scratchDirectory } from '#digest/tree.fixture';
import { openArchive } from './archive-files.ts';
import { describeImage, type ImageDirectory, imageDirectory, refusal } from './image.fixture.ts';

const BLOCK = 512;

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

/** The content of a member, or undefined. */
async function contentOf(archive: string, name: string): Promise<string | undefined> {
  using files = await openArchive(archive);
  const blob = files.find(name);
  return blob && readRegion(blob, 0, blob.size).toString();
}

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

describe('members of an archive', () => {
  test('are found under names of any length', async () => {
    using directory = imageDirectory();
    const long = `${'directory/'.repeat(40)}${'n'.repeat(200)}`;
    directory.put(long, 'long');
    for (const format of ['gnu', 'posix']) {
      assert.equal(await contentOf(directory.archive(`--format=${format}`), long), 'long');
    }
  });

  test('are found whatever their content is, archives too', async () => {
    using directory = imageDirectory();
    directory.put('a', Buffer.alloc(3000));
    directory.put('b.tar', readFileSync(directory.archive()));
    directory.put('c', 'last');
    const archive = directory.archive('--sort=name');
    assert.equal(await contentOf(archive, 'c'), 'last');
    assert.equal(await contentOf(archive, 'd'), undefined);
  });

  test('stand for the member that they link to', async () => {
    using directory = imageDirectory();
    directory.put('a/file', 'content');
    symlinkSync('../a/file', join(directory.path, 'a/up'));
    mkdirSync(join(directory.path, 'b'));
    symlinkSync('../a/./file', join(directory.path, 'b/relative'));
    symlinkSync('relative', join(directory.path, 'b/twice'));
    symlinkSync('/a/file', join(directory.path, 'b/absolute'));
    symlinkSync('../../../a/file', join(directory.path, 'b/above'));
    execFileSync('ln', [join(directory.path, 'a/file'), join(directory.path, 'b/hard')]);
    const archive = directory.archive();
    for (const name of ['a/up', 'b/relative', 'b/twice', 'b/absolute', 'b/above', 'b/hard']) {
      assert.equal(await contentOf(archive, name), 'content', name);
    }
  });

  test('that link to nothing, or in a circle, are not found', async () => {
    using directory = imageDirectory();
    symlinkSync('/etc/passwd', join(directory.path, 'outside'));
    symlinkSync('b', join(directory.path, 'a'));
    symlinkSync('a', join(directory.path, 'b'));
    const archive = directory.archive();
    assert.equal(await contentOf(archive, 'outside'), undefined);
    await assert.rejects(contentOf(archive, 'a'), refusal(/at most 8 links/));
  });

  test('that are no files cannot be read', async () => {
    using directory = imageDirectory();
    execFileSync('mkfifo', [join(directory.path, 'fifo')]);
    const archive = directory.archive();
    await assert.rejects(contentOf(archive, 'fifo'), refusal(/a file at "fifo" .* found a fifo/));
  });

  const sparseFormats: readonly (readonly string[])[] = [
    ['--format=gnu'],
    ['--format=posix', '--sparse-version=0.0'],
    ['--format=posix', '--sparse-version=0.1'],
    ['--format=posix', '--sparse-version=1.0'],
  ];
  for (const options of sparseFormats) {
    test(`without their holes cannot be read: ${options.join(' ')}`, async () => {
      using directory = imageDirectory();
      directory.put('sparse', '');
      truncateSync(join(directory.path, 'sparse'), 1_000_000);
      const archive = directory.archive('--sparse', ...options);
      await assert.rejects(contentOf(archive, 'sparse'), refusal(/"sparse"/));
    });
  }

  test('that are there twice are refused, however their names are written', async () => {
    for (const name of ['b/../a', '../a', '/a', '//a', './a']) {
      using directory = imageDirectory();
      directory.put('a', 'good');
      const archive = join(directory.path, 'twice.tar');
      const transform = `--transform=s,^copy$,${name},`;
      directory.put('copy', 'evil');
      const options = ['-cPf', archive, '-C', directory.path, transform, 'a', 'copy'];
      execFileSync('tar', options, { stdio: 'pipe' });
      await assert.rejects(contentOf(archive, 'a'), refusal(/"a" twice/), name);
    }
  });

  test('whose names a global header changes are refused: Go would not change them', async () => {
    using directory = imageDirectory();
    directory.put('a', 'evil');
    const archive = directory.archive('--format=posix', '--pax-option=path=index.json');
    await assert.rejects(openArchive(archive), refusal(/all readers take alike, found types "gx/));
  });

  test('with two long names are refused: Go takes the other', async () => {
    using directory = imageDirectory();
    directory.put('n'.repeat(120), 'a');
    const files = ['--transform=s,^[.]/,,', '--exclude=archive*', '--no-recursion'];
    const gnu = readFileSync(directory.archive('--format=gnu', ...files, 'n'.repeat(120)));
    const posix = readFileSync(directory.archive('--format=posix', ...files, 'n'.repeat(120)));
    const path = join(directory.path, 'both.tar');
    // A header of type L with its name, in one block each.
    writeFileSync(path, Buffer.concat([gnu.subarray(0, 2 * BLOCK), posix]));
    await assert.rejects(openArchive(path), refusal(/found types "Lx/));
  });

  test('behind the end of the archive are not there', async () => {
    using directory = imageDirectory();
    directory.put('a', 'good');
    const first = readFileSync(directory.archive());
    renameSync(join(directory.path, 'a'), join(directory.path, 'b'));
    const path = join(directory.path, 'both.tar');
    writeFileSync(path, Buffer.concat([first, readFileSync(directory.archive('--posix'))]));
    assert.equal(await contentOf(path, 'a'), 'good');
    assert.equal(await contentOf(path, 'b'), undefined);
  });
});

describe('an archive is refused', () => {
  const broken: readonly [string, (archive: Buffer) => Buffer, RegExp][] = [
    [
      'cut inside a header',
      (archive) => archive.subarray(0, BLOCK + 100),
      /broken at byte 512: "it ends/,
    ],
    [
      'cut inside content',
      (archive) => archive.subarray(0, 2 * BLOCK + 100),
      /expected \d+ bytes of "\.\/a" .* found 100/,
    ],
    [
      'with another checksum',
      (archive) => archive.fill(0x37, BLOCK, BLOCK + 1),
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
  for (let at = 0; at + BLOCK <= archive.length; at += BLOCK) {
    const header = archive.subarray(at, at + BLOCK);
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
  truncateSync(archive, BLOCK + 4 * 1024 ** 3);
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
