import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  amd64,
  arm64,
  type Descriptor,
  type ImageDirectory,
  imageDirectory,
  type JsonObject,
  OCI,
  refusal,
} from './image.fixture.ts';
import type { Platform } from './image-source.ts';

const REF_NAME = 'org.opencontainers.image.ref.name';
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
    assert.equal(await directory.manifestDigest(name), b.digest);
    assert.equal(await directory.manifestDigest('a'), a.digest);
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
    assert.equal(await directory.manifestDigest('docker.io/library/b:latest'), b.digest);
  });

  test('has the digest that is asked for, also inside an index', async () => {
    using directory = imageDirectory();
    const images = [withPlatform(directory, amd64), withPlatform(directory, arm64)];
    const index = directory.blob({ schemaVersion: 2, manifests: images }, `${OCI}.index.v1+json`);
    directory.index([index]);
    for (const { digest } of images) assert.equal(await directory.manifestDigest(digest), digest);
  });

  test('is one even if it has several names', async () => {
    using directory = imageDirectory();
    const image = directory.image();
    directory.index([named(image, 'a'), named(image, 'b')]);
    assert.equal(await directory.manifestDigest(), image.digest);
  });

  test('must be named where there are several names', async () => {
    using directory = imageDirectory();
    directory.index([named(directory.image(amd64), 'a'), named(directory.image(arm64), 'b')]);
    await assert.rejects(directory.manifestDigest(), refusal(/expected a reference.*"a", "b"/));
  });

  test('must be there', async () => {
    using directory = imageDirectory();
    directory.index([named(directory.image(), 'a')]);
    await assert.rejects(directory.manifestDigest('b'), refusal(/expected "b" .* found "a"/));
    const digest = `sha256:${'0'.repeat(64)}`;
    await assert.rejects(directory.manifestDigest(digest), refusal(/expected "sha256:0/));
  });

  test('is none where index.json is empty', async () => {
    using directory = imageDirectory();
    directory.index([]);
    await assert.rejects(directory.manifestDigest(), refusal(/expected an image in .* found none/));
  });

  test('must be one where nothing tells two apart', async () => {
    using directory = imageDirectory();
    const other = directory.image(amd64, { annotations: { other: 'image' } });
    directory.index([named(directory.image(amd64), 'a'), named(other, 'a')]);
    await assert.rejects(
      directory.manifestDigest('a', amd64),
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
    assert.equal(await directory.manifestDigest(undefined, arm64), images[1]?.digest);
  });

  test('may be of the only variant there is', async () => {
    using directory = imageDirectory();
    const image = withPlatform(directory, armV6);
    directory.index([image, withPlatform(directory, amd64)]);
    const arm = { os: 'linux', architecture: 'arm' };
    assert.equal(await directory.manifestDigest(undefined, arm), image.digest);
    await assert.rejects(directory.manifestDigest(undefined, armV7), refusal(/linux\/arm\/v7/));
  });

  test('that no image has is refused, and those there are are named', async () => {
    using directory = imageDirectory();
    directory.index([withPlatform(directory, amd64), withPlatform(directory, armV6)]);
    await assert.rejects(
      directory.manifestDigest(undefined, { os: 'linux', architecture: 's390x' }),
      refusal(/for linux\/s390x in .* found linux\/amd64 .*linux\/arm\/v6/),
    );
  });

  test('that is asked for must be the only image’s, too', async () => {
    using directory = imageDirectory();
    directory.index([directory.image(amd64)]);
    await assert.rejects(directory.manifestDigest(undefined, arm64), refusal(/linux\/arm64/));
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
      assert.equal(await directory.manifestDigest(), image.digest);
    });
  }

  test('leaves none, and the types that are there are named', async () => {
    using directory = imageDirectory();
    directory.index([{ ...directory.image(), mediaType: 'application/vnd.example+json' }]);
    await assert.rejects(
      directory.manifestDigest(),
      refusal(/nothing but "application\/vnd.example/),
    );
  });
});
