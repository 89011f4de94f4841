import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, linkSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { digestDirectory, scratchDirectory } from '#digest/tree.fixture';
import { digestImage } from './digest-image.ts';
import { digestOf, imageDirectory, layerTar, OCI } from './image.fixture.ts';
import type { ImageReference } from './image-source.ts';

const run = (command: string, ...args: readonly string[]): void => {
  execFileSync(command, args, { stdio: 'pipe' });
};

describe('an image in every form it is stored in', () => {
  const scratch = scratchDirectory();
  const at = (name: string): string => join(scratch.path, name);
  test.after(() => scratch[Symbol.dispose]());

  test.before(() => {
    mkdirSync(at('files/etc'), { recursive: true });
    writeFileSync(at('files/etc/hosts'), 'localhost\n');
    symlinkSync('hosts', at('files/etc/link'));
    linkSync(at('files/etc/hosts'), at('files/etc/hard'));
    writeFileSync(at('files/tool'), Buffer.alloc(300_000, 'tool'));
    chmodSync(at('files/tool'), 0o4755);
    run('umoci', 'init', '--layout', at('layout'));
    run('umoci', 'new', '--image', `${at('layout')}:image`);
    run('umoci', 'insert', '--image', `${at('layout')}:image`, at('files'), '/');
    run('umoci', 'insert', '--image', `${at('layout')}:image`, at('files'), '/opt');
    run('umoci', 'insert', '--image', `${at('layout')}:image`, '--whiteout', '/opt/tool');
    run('umoci', 'unpack', '--image', `${at('layout')}:image`, at('unpacked'));
    const copy = (to: string, ...options: readonly string[]): void =>
      run('skopeo', 'copy', '-q', ...options, `oci:${at('layout')}:image`, to);
    copy(`oci:${at('zstd')}`, '--dest-compress-format', 'zstd', '--dest-compress');
    copy(`oci-archive:${at('oci.tar')}`);
    copy(`docker-archive:${at('docker.tar')}:example.com/image:1`);
    run('gzip', '-k', at('oci.tar'));
    run('zstd', '-q', at('docker.tar'));
  });

  const forms: readonly [ImageReference['kind'], string, string?][] = [
    ['oci', 'layout'],
    ['oci', 'layout', 'image'],
    ['oci', 'zstd'],
    ['oci-archive', 'oci.tar'],
    ['oci-archive', 'oci.tar.gz'],
    ['docker-archive', 'docker.tar'],
    ['docker-archive', 'docker.tar.zst', 'example.com/image:1'],
  ];
  for (const [kind, name, reference] of forms) {
    test(`has the digest of its files as umoci unpacks them: ${kind}:${name}`, async () => {
      const image = await digestImage({ kind, path: at(name), reference });
      assert.equal(image.rootfs.digest, digestDirectory(at('unpacked/rootfs')).digest);
      assert.equal(image.layerCount, 3);
      assert.equal(image.rootfs.portable, true);
    });
  }
});

test('an image that Docker 20.10 saved has the digest of its layers unpacked by GNU tar', async () => {
  using scratch = scratchDirectory();
  const path = join(import.meta.dirname, 'testdata/docker-20.10-save.tar');
  const archive = join(scratch.path, 'archive');
  const rootfs = join(scratch.path, 'rootfs');
  for (const directory of [archive, rootfs]) mkdirSync(directory);
  run('tar', '-xf', path, '-C', archive);
  const [{ Layers }] = JSON.parse(readFileSync(join(archive, 'manifest.json'), 'utf8'));
  for (const layer of Layers) {
    // umoci, which made the layers, leaves out the zeros at their end.
    const input = Buffer.concat([readFileSync(join(archive, layer)), Buffer.alloc(4096)]);
    execFileSync('tar', ['-xp', '-C', rootfs], { input, stdio: 'pipe' });
  }
  const image = await digestImage({ kind: 'docker-archive', path, reference: '@0' });
  assert.equal(image.rootfs.digest, digestDirectory(rootfs).digest);
});

describe('no digest is given', () => {
  const type = `${OCI}.layer.v1.tar`;

  test('where a layer is not what its descriptor says', async () => {
    using directory = imageDirectory();
    const tar = layerTar('etc');
    const layer = directory.blob(tar, type);
    directory.index([directory.image(undefined, { layers: [layer] })]);
    const other = Buffer.from(tar);
    other.write('cte', 0, 'latin1');
    directory.put(layer.digest.replace('sha256:', 'blobs/sha256/'), other);
    await assert.rejects(digestImage({ kind: 'oci', path: directory.path, reference: undefined }), {
      name: 'DigestError',
      code: 'image',
      message: new RegExp(`${digestOf(tar)}.*${digestOf(other)}`),
    });
  });

  test('where a layer is not what the configuration says', async () => {
    using directory = imageDirectory();
    const layers = [directory.blob(layerTar('var'), type)];
    directory.index([directory.image(undefined, { layers })]);
    await assert.rejects(digestImage({ kind: 'oci', path: directory.path, reference: undefined }), {
      name: 'DigestError',
      code: 'image',
      message: new RegExp(`${digestOf(layerTar('etc'))}.*${digestOf(layerTar('var'))}`),
    });
  });

  test('where a layer is another’s bytes, cut short in the archive', async () => {
    using directory = imageDirectory();
    const layer = directory.blob(layerTar('etc'), type);
    directory.index([directory.image(undefined, { layers: [{ ...layer, size: 512 }] })]);
    await assert.rejects(digestImage({ kind: 'oci', path: directory.path, reference: undefined }), {
      name: 'DigestError',
      code: 'image',
      message: /layer 0: expected blob .* of 512 bytes, found 10240/,
    });
  });
});

test('progress of a compressed archive comes before that of its layers', async () => {
  using directory = imageDirectory();
  directory.index([directory.image()]);
  const path = join(directory.path, 'archive.gz');
  writeFileSync(path, execFileSync('gzip', ['-c', directory.archive()]));
  const all = new Set<number>();
  const onProgress = (_read: number, size: number): unknown => all.add(size);
  await digestImage({ kind: 'oci-archive', path, reference: undefined }, { onProgress });
  assert.deepEqual([...all], [readFileSync(path).length, layerTar('etc').length]);
});

test('progress ends at the size of all layers, each counted once', async () => {
  using directory = imageDirectory();
  const layer = directory.blob(layerTar('etc'), `${OCI}.layer.v1.tar`);
  const rootfs = { type: 'layers', diff_ids: [layer.digest, layer.digest] };
  const config = directory.blob(
    { os: 'linux', architecture: 'amd64', rootfs },
    `${OCI}.config.v1+json`,
  );
  directory.index([directory.image(undefined, { config, layers: [layer, layer] })]);
  const seen: [number, number][] = [];
  const onProgress = (read: number, all: number): number => seen.push([read, all]);
  await digestImage({ kind: 'oci', path: directory.path, reference: undefined }, { onProgress });
  assert.deepEqual(seen.at(-1), [layer.size, layer.size]);
});
