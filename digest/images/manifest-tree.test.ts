import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import {
  type Descriptor,
  DOCKER,
  type ImageDirectory,
  imageDirectory,
  OCI,
  refusal,
} from './image.fixture.ts';

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
    assert.equal(await directory.manifestDigest(), image.digest);
  });

  test('are refused beyond a depth', async () => {
    using directory = imageDirectory();
    directory.index([nest(directory, directory.image(), 9)]);
    await assert.rejects(directory.manifestDigest(), refusal(/nested more than 8 deep/));
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
    await assert.rejects(
      directory.manifestDigest(),
      refusal(/at most 67108864 bytes of documents/),
    );
  });
});
