import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  amd64,
  arm64,
  describeImage,
  digestOf,
  type ImageDirectory,
  imageDirectory,
  type JsonObject,
  layerTar,
  refusal,
} from './image.fixture.ts';
import type { Platform } from './image-source.ts';

// Of two images with a layer in common, made by `docker save` of Docker 20.10.24.
const saved = join(import.meta.dirname, 'testdata/docker-20.10-save.tar');

const find = (path: string, reference?: string, platform?: Platform): Promise<object> =>
  describeImage({ kind: 'docker-archive', path, reference }, { platform });

const member = (archive: string, name: string): Buffer =>
  execFileSync('tar', ['-xOf', archive, name]);

describe('an archive that Docker 20.10 saved', () => {
  const config = 'c17cd87f60a50a4b8ee124f95a623edd6baf575cc8fe28cd72114d69ffcf2d15';
  const other = '27c82260659be3db8b23108116590168dee5111891ce55a1cbe67767b7ffd4f2';
  const base = member(
    saved,
    'c95625fb23372033cb76e19aeef24a938b061df67eed1ba210abb98a51cf2e80/layer.tar',
  );
  const shared = member(
    saved,
    '1199691f4362a2d76960833fa0a422013341037c0fa9dbe4974d84b9e5506fa8/layer.tar',
  );
  const layer = (tar: Buffer) => ({ digest: undefined, diffID: digestOf(tar), size: tar.length });
  const one = {
    // The second is a link to the other image's.
    layers: [layer(base), layer(shared)],
    platform: amd64,
    configDigest: `sha256:${config}`,
    manifestDigest: undefined,
  };
  const two = { ...one, layers: [layer(shared)], configDigest: `sha256:${other}` };

  const references: readonly [string, object][] = [
    ['example.com/measure/one:1', one],
    ['example.com/measure/two:1', two],
    [`sha256:${other}`, two],
    ['@0', one],
    ['@1', two],
  ];
  for (const [reference, expected] of references) {
    test(`holds the image ${reference}`, async () => {
      assert.deepEqual(await find(saved, reference), expected);
    });
  }

  test('must be asked for one of its images', async () => {
    await assert.rejects(find(saved), refusal(/one image to be meant .*one:1", "/));
    for (const reference of ['one', 'example.com/measure/one', '@2', `sha256:${'0'.repeat(64)}`]) {
      await assert.rejects(
        find(saved, reference),
        refusal(/expected ".* found "example/),
        reference,
      );
    }
  });

  test('is for the platform of its configuration', async () => {
    assert.deepEqual(await find(saved, '@0', amd64), one);
    await assert.rejects(find(saved, '@0', arm64), refusal(/linux\/arm64, found linux\/amd64/));
  });
});

interface Image {
  readonly entry: JsonObject;
  readonly diffID: string;
}

/** An image as Docker 25 and later saves it. */
function putImage(directory: ImageDirectory, change: JsonObject = {}): Image {
  const tar = layerTar('etc');
  const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] };
  const name = ({ digest }: { digest: string }) => digest.replace('sha256:', 'blobs/sha256/');
  const Config = name(directory.blob({ ...amd64, rootfs, ...change }, 'config'));
  const Layers = [name(directory.blob(tar, 'layer'))];
  return { entry: { Config, RepoTags: ['debian:12'], Layers }, diffID: digestOf(tar) };
}

const manifest = (directory: ImageDirectory, entries: unknown): void =>
  directory.put('manifest.json', JSON.stringify(entries));

describe('an archive like those of Docker 25', () => {
  test('has digests of its layers as they are stored', async () => {
    using directory = imageDirectory();
    const { entry, diffID } = putImage(directory);
    manifest(directory, [entry]);
    const found = await find(directory.archive());
    assert.partialDeepStrictEqual(found, { layers: [{ digest: diffID, diffID }] });
  });

  test('knows an image by Docker’s short names', async () => {
    using directory = imageDirectory();
    manifest(directory, [putImage(directory).entry]);
    const archive = directory.archive();
    const found = await find(archive);
    for (const name of ['docker.io/library/debian:12', 'library/debian:12', 'debian:12']) {
      assert.deepEqual(await find(archive, name), found);
    }
    await assert.rejects(find(archive, 'debian'), refusal(/expected "debian"/));
  });

  test('may name a configuration as crane does', async () => {
    using directory = imageDirectory();
    const { entry } = putImage(directory);
    const name = String(entry['Config']).replace('blobs/sha256/', 'sha256:');
    renameSync(join(directory.path, String(entry['Config'])), join(directory.path, name));
    manifest(directory, [{ ...entry, Config: name }]);
    assert.partialDeepStrictEqual(await find(directory.archive(), name), { configDigest: name });
  });

  test('may hold images without a name', async () => {
    using directory = imageDirectory();
    manifest(directory, [{ ...putImage(directory).entry, RepoTags: null }]);
    assert.partialDeepStrictEqual(await find(directory.archive()), { platform: amd64 });
  });

  const refused: readonly [string, (directory: ImageDirectory) => void, RegExp][] = [
    ['without manifest.json', () => {}, /Docker 1.10 or later in .* found no manifest.json/],
    [
      'that is an OCI layout',
      (at) => at.put('oci-layout', '{}'),
      /no manifest.json but an OCI layout: oci-archive:FILE/,
    ],
    ['with no image', (at) => manifest(at, []), /an image .* found none/],
    ['whose manifest.json is an object', (at) => manifest(at, {}), /must be array/],
    ['whose image has no configuration', (at) => manifest(at, [{ Layers: [] }]), /'Config'/],
    ['whose layers are a number', (at) => manifest(at, [{ Config: 'a', Layers: 1 }]), /Layers/],
    [
      'with a member that Go takes for another',
      (at) => manifest(at, [{ ...putImage(at).entry, layers: [] }]),
      /"layers" can be taken for "Layers"/,
    ],
    [
      'whose configuration is missing',
      (at) => manifest(at, [{ ...putImage(at).entry, Config: 'there.json' }]),
      /expected "there.json" in .* found none/,
    ],
    [
      'whose configuration is outside',
      (at) => manifest(at, [{ ...putImage(at).entry, Config: '/etc/passwd' }]),
      /expected "etc\/passwd" in .* found none/,
    ],
    [
      'whose configuration has another digest',
      (at) => {
        const { entry } = putImage(at);
        at.put(String(entry['Config']), '{"os":"linux"}');
        manifest(at, [entry]);
      },
      /expected digest sha256:.* found sha256:/,
    ],
    [
      'whose configuration has no diff_ids',
      (at) => manifest(at, [putImage(at, { rootfs: { type: 'layers' } }).entry]),
      /'diff_ids'/,
    ],
    [
      'whose configuration has too few diff_ids',
      (at) => manifest(at, [putImage(at, { rootfs: { type: 'layers', diff_ids: [] } }).entry]),
      /expected 1 diff_ids .* found 0/,
    ],
    [
      'whose diff_id is none',
      (at) =>
        manifest(at, [putImage(at, { rootfs: { type: 'layers', diff_ids: ['md5:00'] } }).entry]),
      /diff_id of layer 0: .* found "md5:00"/,
    ],
    [
      'whose layer is missing',
      (at) => manifest(at, [{ ...putImage(at).entry, Layers: ['there/layer.tar'] }]),
      /layer 0: expected "there\/layer.tar" in .* found none/,
    ],
    [
      'whose layer is a directory',
      (at) => manifest(at, [{ ...putImage(at).entry, Layers: ['blobs'] }]),
      /layer 0: expected "blobs"/,
    ],
  ];
  for (const [title, change, message] of refused) {
    test(`is refused ${title}`, async () => {
      using directory = imageDirectory();
      directory.put('VERSION', '1.0');
      change(directory);
      await assert.rejects(find(directory.archive()), refusal(message));
    });
  }
});
