import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeNode } from '#digest/tree.fixture';
import {
  blobOf,
  type Descriptor,
  type ImageDirectory,
  imageDirectory,
  refusal,
} from './image.fixture.ts';

describe('the files of a layout', () => {
  test('may be links inside it', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    directory.index([image]);
    renameSync(join(directory.path, 'blobs'), join(directory.path, 'stored'));
    symlinkSync('stored', join(directory.path, 'blobs'));
    assert.equal(await directory.manifestDigest(), image.digest);
  });

  const outside: readonly [string, (directory: ImageDirectory, image: Descriptor) => void][] = [
    ['a blob', (at, image) => at.linkOut(blobOf(image))],
    ['a directory of blobs', (at) => at.linkOut('blobs/sha256')],
    ['index.json', (at) => at.linkOut('index.json')],
    ['oci-layout', (at) => at.linkOut('oci-layout')],
  ];
  for (const [what, change] of outside) {
    test(`are not followed out of it: ${what}`, async () => {
      using directory = imageDirectory();
      const image = directory.image();
      directory.index([image]);
      change(directory, image);
      await assert.rejects(directory.open(), refusal(/inside the layout, found a link to/));
    });
  }

  test('must be regular files: a fifo neither blocks nor counts', async () => {
    using directory = imageDirectory();
    directory.index([directory.image()]);
    rmSync(join(directory.path, 'index.json'));
    makeNode(join(directory.path, 'index.json'), 0o010644);
    await assert.rejects(directory.open(), refusal(/expected a regular file/));
  });

  test('must be regular files: a directory is none', async () => {
    using directory = imageDirectory();
    directory.index([directory.image()]);
    rmSync(join(directory.path, 'index.json'));
    mkdirSync(join(directory.path, 'index.json'));
    await assert.rejects(directory.open(), refusal(/expected a regular file/));
  });

  test('are closed with the image', async () => {
    using directory = imageDirectory();
    directory.index([directory.image()]);
    const before = readdirSync('/proc/self/fd').length;
    {
      using image = await directory.open();
      assert.ok(image.layers.length > 0);
      assert.ok(readdirSync('/proc/self/fd').length > before);
    }
    assert.equal(readdirSync('/proc/self/fd').length, before);
    directory.put('index.json', '');
    await assert.rejects(directory.open());
    assert.equal(readdirSync('/proc/self/fd').length, before);
  });

  test('that are not there make no layout', async () => {
    using directory = imageDirectory();
    await assert.rejects(directory.open(), refusal(/expected an OCI layout in/));
    rmSync(directory.path, { recursive: true });
    await assert.rejects(directory.open(), { name: 'DigestError', code: 'unreadable' });
  });
});
