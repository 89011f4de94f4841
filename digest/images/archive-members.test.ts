import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { BLOCK_SIZE } from '#digest/tar/header-block';
import { openArchive } from './archive-files.ts';
import { contentOf, imageDirectory, refusal } from './image.fixture.ts';

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
    writeFileSync(path, Buffer.concat([gnu.subarray(0, 2 * BLOCK_SIZE), posix]));
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
