import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { makeNode } from '#digest/tree.fixture';
import {
  type Descriptor,
  DOCKER,
  describeImage,
  digestOf,
  type ImageDirectory,
  imageDirectory,
  type JsonObject,
  layerTar,
  OCI,
} from './image.fixture.ts';
import type { Platform } from './image-source.ts';
import { parseImageConfig, parseImageManifest } from './oci/parse.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
const amd64 = { os: 'linux', architecture: 'amd64' };
const arm64 = { os: 'linux', architecture: 'arm64' };
const armV6 = { os: 'linux', architecture: 'arm', variant: 'v6' };
const armV7 = { os: 'linux', architecture: 'arm', variant: 'v7' };

const named = (descriptor: Descriptor, name: string): Descriptor => ({
  ...descriptor,
  annotations: { [REF_NAME]: name },
});

const withPlatform = (directory: ImageDirectory, platform: JsonObject): Descriptor => ({
  ...directory.image(platform),
  platform,
});

async function digestFor(
  directory: ImageDirectory,
  reference?: string,
  platform?: Platform,
): Promise<string | undefined> {
  using image = await directory.open(reference, { platform });
  return image.manifestDigest;
}

const blobOf = ({ digest }: Descriptor) => digest.replace('sha256:', 'blobs/sha256/');

const refusal = (message: RegExp) => ({ name: 'DigestError', code: 'image', message });

describe('the image that is meant', () => {
  test('is the only one, whatever its platform', async () => {
    using directory = imageDirectory();
    const image = directory.image({ os: 'plan9', architecture: 'mips' });
    directory.index([image]);
    using found = await directory.open();
    assert.equal(found.manifestDigest, image.digest);
    assert.deepEqual(found.platform, { os: 'plan9', architecture: 'mips' });
  });

  test('has the name that is asked for, with colons and slashes', async () => {
    using directory = imageDirectory();
    const [a, b] = [directory.image(amd64), directory.image(arm64)];
    const name = 'docker.io/library/debian:12';
    directory.index([named(a, 'a'), named(b, name)]);
    assert.equal(await digestFor(directory, name), b.digest);
    assert.equal(await digestFor(directory, 'a'), a.digest);
  });

  test('has the whole name that containerd writes', async () => {
    using directory = imageDirectory();
    const [a, b] = [directory.image(amd64), directory.image(arm64)];
    const annotations = (name: string) => ({
      annotations: { [REF_NAME]: 'latest', 'io.containerd.image.name': name },
    });
    directory.index([
      { ...a, ...annotations('docker.io/library/a:latest') },
      { ...b, ...annotations('docker.io/library/b:latest') },
    ]);
    assert.equal(await digestFor(directory, 'docker.io/library/b:latest'), b.digest);
  });

  test('has the digest that is asked for, also inside an index', async () => {
    using directory = imageDirectory();
    const images = [withPlatform(directory, amd64), withPlatform(directory, arm64)];
    const index = directory.blob({ schemaVersion: 2, manifests: images }, `${OCI}.index.v1+json`);
    directory.index([index]);
    for (const { digest } of images) assert.equal(await digestFor(directory, digest), digest);
  });

  test('is one even if it has several names', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    directory.index([named(image, 'a'), named(image, 'b')]);
    assert.equal(await digestFor(directory), image.digest);
  });

  test('must be named where there are several names', async () => {
    using directory = imageDirectory();
    directory.index([named(directory.image(amd64), 'a'), named(directory.image(arm64), 'b')]);
    await assert.rejects(digestFor(directory), refusal(/expected a reference.*"a", "b"/));
  });

  test('must be there', async () => {
    using directory = imageDirectory();
    directory.index([named(directory.image(), 'a')]);
    await assert.rejects(digestFor(directory, 'b'), refusal(/expected "b" .* found "a"/));
    const digest = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(digestFor(directory, digest), refusal(/expected "sha256:0/));
  });

  test('is none where index.json is empty', async () => {
    using directory = imageDirectory();
    directory.index([]);
    await assert.rejects(digestFor(directory), refusal(/expected an image in .* found none/));
  });

  test('must be one where nothing tells two apart', async () => {
    using directory = imageDirectory();
    const other = directory.image(amd64, { annotations: { other: 'image' } });
    directory.index([named(directory.image(amd64), 'a'), named(other, 'a')]);
    await assert.rejects(
      digestFor(directory, 'a', amd64),
      refusal(/expected one image for linux\/amd64 .*"a" for linux\/amd64 .*"a" for linux\/amd64/),
    );
  });
});

describe('the platform', () => {
  const choices: readonly [string, Platform, Platform][] = [
    ['as it is written', arm64, arm64],
    ['with the variant that is the default', { ...arm64, variant: 'v8' }, arm64],
    ['in the kernel’s word', { os: 'linux', architecture: 'aarch64' }, arm64],
    ['of a variant', armV6, armV6],
    ['without a variant where it has a default', { os: 'linux', architecture: 'arm' }, armV7],
    ['in Debian’s word', { os: 'linux', architecture: 'armhf' }, armV7],
  ];
  for (const [title, wanted, expected] of choices) {
    test(`is found ${title}`, async () => {
      using directory = imageDirectory();
      const images = [amd64, arm64, armV6, armV7].map((each) => withPlatform(directory, each));
      directory.index([
        named(directory.blob({ schemaVersion: 2, manifests: images }, `${OCI}.index.v1+json`), 'a'),
      ]);
      using image = await directory.open('a', { platform: wanted });
      assert.deepEqual(image.platform, expected);
    });
  }

  test('is this machine’s where there is a choice', async () => {
    using directory = imageDirectory();
    const images = [amd64, arm64, armV6].map((each) => withPlatform(directory, each));
    directory.index(images);
    using image = await directory.open();
    assert.equal(image.platform.architecture, process.arch === 'x64' ? 'amd64' : 'arm64');
  });

  test('may have a variant that is null, which is none', async () => {
    using directory = imageDirectory();
    directory.index([directory.image({ ...arm64, variant: null })]);
    using image = await directory.open();
    assert.deepEqual(image.platform, arm64);
  });

  test('is the configuration’s where the index says none', async () => {
    using directory = imageDirectory();
    const images = [directory.image(amd64), directory.image(arm64)];
    directory.index(images);
    assert.equal(await digestFor(directory, undefined, arm64), images[1]?.digest);
  });

  test('may be of the only variant there is', async () => {
    using directory = imageDirectory();
    const image = withPlatform(directory, armV6);
    directory.index([image, withPlatform(directory, amd64)]);
    const arm = { os: 'linux', architecture: 'arm' };
    assert.equal(await digestFor(directory, undefined, arm), image.digest);
    await assert.rejects(digestFor(directory, undefined, armV7), refusal(/linux\/arm\/v7/));
  });

  test('that no image has is refused, and those there are are named', async () => {
    using directory = imageDirectory();
    directory.index([withPlatform(directory, amd64), withPlatform(directory, armV6)]);
    await assert.rejects(
      digestFor(directory, undefined, { os: 'linux', architecture: 's390x' }),
      refusal(/for linux\/s390x in .* found linux\/amd64 .*linux\/arm\/v6/),
    );
  });

  test('that is asked for must be the only image’s, too', async () => {
    using directory = imageDirectory();
    directory.index([directory.image(amd64)]);
    await assert.rejects(digestFor(directory, undefined, arm64), refusal(/linux\/arm64/));
  });
});

describe('no choice', () => {
  const others: readonly [string, JsonObject][] = [
    ['an attestation, by its platform', { platform: { os: 'unknown', architecture: 'unknown' } }],
    [
      'an attestation, by its annotation',
      { annotations: { 'vnd.docker.reference.type': 'attestation-manifest' } },
    ],
    ['an artifact', { artifactType: 'application/vnd.example.sbom' }],
    ['a descriptor of an unknown media type', { mediaType: 'application/vnd.example+json' }],
  ];
  for (const [title, change] of others) {
    test(`is ${title}`, async () => {
      using directory = imageDirectory();
      const image = directory.image(arm64);
      directory.index([{ ...directory.image(amd64), ...change }, image]);
      assert.equal(await digestFor(directory), image.digest);
    });
  }

  test('leaves none, and the types that are there are named', async () => {
    using directory = imageDirectory();
    directory.index([{ ...directory.image(), mediaType: 'application/vnd.example+json' }]);
    await assert.rejects(digestFor(directory), refusal(/nothing but "application\/vnd.example/));
  });
});

describe('nested indexes', () => {
  /** An index in an index in an index. */
  function nest(directory: ImageDirectory, image: Descriptor, depth: number): Descriptor {
    let inner = image;
    for (let i = 0; i < depth; i += 1) {
      inner = directory.blob({ schemaVersion: 2, manifests: [inner] }, `${OCI}.index.v1+json`);
    }
    return inner;
  }

  test('are followed, Docker’s lists too', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    const list = directory.blob(
      {
        schemaVersion: 2,
        mediaType: `${DOCKER}.distribution.manifest.list.v2+json`,
        manifests: [nest(directory, image, 6)],
      },
      `${DOCKER}.distribution.manifest.list.v2+json`,
    );
    directory.index([list]);
    assert.equal(await digestFor(directory), image.digest);
  });

  test('are refused beyond a depth', async () => {
    using directory = imageDirectory();
    directory.index([nest(directory, directory.image(), 9)]);
    await assert.rejects(digestFor(directory), refusal(/nested more than 8 deep/));
  });

  test('that double at each level are read once each', async () => {
    using directory = imageDirectory();
    let top = directory.image();
    for (let i = 0; i < 8; i += 1) {
      const manifests = Array.from({ length: 1000 }, () => top);
      top = directory.blob({ schemaVersion: 2, manifests }, `${OCI}.index.v1+json`);
    }
    directory.index([top]);
    using image = await directory.open();
    assert.equal(image.layers.length, 1);
  });

  test('of more bytes than all documents may have are refused', async () => {
    using directory = imageDirectory();
    const indexes = Array.from({ length: 20 }, (_, i) => {
      const annotations = { padding: `${i}`.padStart(4_000_000) };
      return directory.blob(
        { schemaVersion: 2, manifests: [], annotations },
        `${OCI}.index.v1+json`,
      );
    });
    directory.index(indexes);
    await assert.rejects(digestFor(directory), refusal(/at most 67108864 bytes of documents/));
  });
});

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

describe('the files of a layout', () => {
  test('may be links inside it', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    directory.index([image]);
    renameSync(join(directory.path, 'blobs'), join(directory.path, 'stored'));
    symlinkSync('stored', join(directory.path, 'blobs'));
    assert.equal(await digestFor(directory), image.digest);
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
