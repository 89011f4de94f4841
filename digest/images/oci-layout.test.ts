import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import {
  amd64,
  blobOf,
  DOCKER,
  describeImage,
  digestOf,
  type ImageDirectory,
  imageDirectory,
  layerTar,
  OCI,
  refusal,
} from './image.fixture.ts';
import { parseImageConfig, parseImageManifest } from './oci/parse.ts';

describe('a layout is refused', () => {
  const sha512 = `sha512:${'0'.repeat(128)}`;
  const escaping = 'sha256:../../../../../../etc/passwd';
  const refused: readonly [string, (directory: ImageDirectory) => void, RegExp][] = [
    ['without oci-layout', (at) => rmSync(join(at.path, 'oci-layout')), /found no oci-layout/],
    ['without index.json', (at) => rmSync(join(at.path, 'index.json')), /found no index.json/],
    [
      'of another version',
      (at) => at.put('oci-layout', '{"imageLayoutVersion":"2.0.0"}'),
      /imageLayoutVersion.* found "2.0.0"/,
    ],
    [
      'whose index.json is empty',
      (at) => at.put('index.json', ''),
      /expected 1 to 4194304 bytes, found 0/,
    ],
    [
      'whose index.json is not JSON',
      (at) => at.put('index.json', 'index'),
      /index.json: expected a JSON value/,
    ],
    [
      'whose index.json is too large',
      (at) => at.put('index.json', ' '.repeat(5_000_000)),
      /found 5000000/,
    ],
    [
      'whose index.json is a list',
      (at) => at.put('index.json', '[]'),
      /index.json is not as its schema says/,
    ],
    [
      'whose index.json has no manifests',
      (at) => at.put('index.json', '{"schemaVersion":2}'),
      /'manifests'/,
    ],
    [
      'of schema version 1',
      (at) => at.put('index.json', '{"schemaVersion":1,"manifests":[]}'),
      /schemaVersion/,
    ],
    [
      'whose index.json has a member twice',
      (at) => at.put('index.json', '{"schemaVersion":2,"manifests":[],"manifests":[]}'),
      /there twice/,
    ],
    [
      'whose index.json has a member that Go takes for another',
      (at) => at.put('index.json', '{"schemaVersion":2,"manifests":[],"Manifests":[]}'),
      /"Manifests" can be taken for "manifests"/,
    ],
    [
      'whose index is a manifest, too',
      (at) => at.index([], { layers: [] }),
      /member "layers" of another kind/,
    ],
    [
      'whose manifest is an index, too',
      (at) => at.index([at.image(amd64, { manifests: [] })]),
      /member "manifests" of another kind/,
    ],
    [
      'whose manifest says it is something else',
      (at) => at.index([at.image(amd64, { mediaType: `${DOCKER}.distribution.manifest.v2+json` })]),
      /expected media type ".*oci.*", found ".*docker/,
    ],
    [
      'whose manifest has no layers',
      (at) => at.index([at.image(amd64, { layers: [] })]),
      /fewer than 1 items/,
    ],
    [
      'whose manifest has another size',
      (at) => at.index([{ ...at.image(), size: 7 }]),
      /of 7 bytes, found \d+/,
    ],
    [
      'whose manifest has a negative size',
      (at) => at.index([{ ...at.image(), size: -1 }]),
      /of -1 bytes/,
    ],
    [
      'whose manifest is missing',
      (at) => at.index([{ ...at.image(), digest: `sha256:${'0'.repeat(64)}` }]),
      /expected blob sha256:0+ in .* found none/,
    ],
    [
      'whose digests are SHA-512',
      (at) => at.index([{ ...at.image(), digest: sha512 }]),
      /expected sha256: and 64/,
    ],
    [
      'whose digest is a path',
      (at) => at.index([{ ...at.image(), digest: escaping }]),
      /digest" must match pattern/,
    ],
    [
      'whose digest is in capitals',
      (at) => at.index([{ ...at.image(), digest: `sha256:${'A'.repeat(64)}` }]),
      /expected sha256: and 64/,
    ],
    [
      'whose configuration is another kind',
      (at) =>
        at.index([at.image(amd64, { config: at.blob({}, 'application/vnd.oci.empty.v1+json') })]),
      /nothing but/,
    ],
    [
      'whose layer is of an unknown type',
      (at) =>
        at.index([
          at.image(amd64, { layers: [at.blob(layerTar('a'), `${OCI}.layer.v1.tar+encrypted`)] }),
        ]),
      /layer 0: expected the media type of a layer, found ".*\+encrypted"/,
    ],
    [
      'whose layer is missing',
      (at) =>
        at.index([
          at.image(amd64, {
            layers: [
              { mediaType: `${OCI}.layer.v1.tar`, size: 5, digest: digestOf(Buffer.from('there')) },
            ],
          }),
        ]),
      /layer 0: expected blob sha256:.* found none/,
    ],
    [
      'whose foreign layer is missing',
      (at) =>
        at.index([
          at.image(amd64, {
            layers: [
              {
                mediaType: `${DOCKER}.image.rootfs.foreign.diff.tar.gzip`,
                size: 5,
                digest: digestOf(Buffer.from('there')),
                urls: ['https://example.com/layer'],
              },
            ],
          }),
        ]),
      /layer 0, which is not distributable: expected blob .* found none/,
    ],
    [
      'with more layers than diff_ids',
      (at) =>
        at.index([
          at.image(amd64, {
            layers: [1, 2].map(() => at.blob(layerTar('a'), `${OCI}.layer.v1.tar`)),
          }),
        ]),
      /expected 2 diff_ids .* found 1/,
    ],
  ];
  for (const [title, change, message] of refused) {
    test(title, async () => {
      using directory = imageDirectory();
      directory.index([directory.image()]);
      change(directory);
      await assert.rejects(directory.open(), refusal(message));
    });
  }

  test('of ten thousand layers, before any is opened', async () => {
    using directory = imageDirectory();
    const layer = directory.blob(layerTar('a'), `${OCI}.layer.v1.tar`);
    const layers = Array.from({ length: 10_000 }, () => layer);
    directory.index([directory.image(amd64, { layers })]);
    await assert.rejects(directory.open(), {
      name: 'DigestError',
      code: 'too-large',
      message: 'expected at most 500 layers, found 10000',
    });
  });

  test('whose manifest has another digest', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    directory.index([image]);
    directory.put(blobOf(image), ' '.repeat(image.size));
    await assert.rejects(directory.open(), refusal(/expected digest sha256:.*, found sha256:/));
  });
});

test('an image that umoci made and skopeo converted is found as they describe it', async () => {
  using directory = imageDirectory();
  const layout = join(directory.path, 'layout');
  const run = (command: string, ...args: string[]) =>
    execFileSync(command, args, { stdio: 'pipe' });
  run('umoci', 'init', '--layout', layout);
  run('umoci', 'new', '--image', `${layout}:one`);
  directory.put('files/etc/hosts', 'localhost\n');
  run('umoci', 'insert', '--image', `${layout}:one`, join(directory.path, 'files'), '/');
  run('umoci', 'insert', '--image', `${layout}:one`, join(directory.path, 'files'), '/opt');
  const raw = run('skopeo', 'inspect', '--raw', `oci:${layout}:one`);
  const manifest = parseImageManifest(raw, 'the manifest');
  const config = parseImageConfig(
    run('skopeo', 'inspect', '--raw', '--config', `oci:${layout}:one`),
    'the configuration',
  );
  const found = await describeImage({ kind: 'oci', path: layout, reference: 'one' });
  assert.deepEqual(found, {
    layers: manifest.layers.map(({ digest, size }, index) => ({
      digest,
      diffID: config.rootfs.diff_ids[index],
      size,
    })),
    platform: { os: config.os, architecture: config.architecture },
    configDigest: manifest.config.digest,
    manifestDigest: digestOf(raw),
  });
});
