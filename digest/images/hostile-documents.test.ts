import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DigestError } from '#digest/errors';
import {
  digestOf,
  type ImageDirectory,
  imageDirectory,
  type JsonObject,
  layerTar,
  OCI,
} from './image.fixture.ts';
import { openImage } from './image-source.ts';

/** Which member of a document is replaced, counted through all that there are, and by what. */
interface Change {
  readonly document: 'index' | 'inner' | 'manifest' | 'config';
  readonly member: number;
  readonly value: unknown;
}

const change: fc.Arbitrary<Change> = fc.record({
  document: fc.constantFrom('index', 'inner', 'manifest', 'config'),
  member: fc.nat({ max: 40 }),
  value: fc.oneof(
    fc.constantFrom(null, true, 0, -1, 2, 0.5, 2 ** 53, 1e300, '', '..', [], {}, [null], [[]]),
    fc.constantFrom(
      `sha256:${'0'.repeat(64)}`,
      'sha256:../../x',
      'sha512:00',
      `${OCI}.index.v1+json`,
    ),
    fc.constantFrom({ toString: 1 }, { length: -1 }, { __proto__: null, constructor: {} }),
    fc.jsonValue({ maxDepth: 2 }),
  ),
});

/** A layout with an index in it, changed before each document's digest is taken. */
function putImage(directory: ImageDirectory, changes: readonly Change[]): void {
  const changed = (name: Change['document'], document: JsonObject): object =>
    changes
      .filter((each) => each.document === name)
      .reduce<object>((value, { member, value: other }) => replace(value, member, other), document);
  const tar = layerTar('etc');
  const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] };
  const platform = { os: 'linux', architecture: 'amd64' };
  const config = directory.blob(
    changed('config', { ...platform, variant: 'v1', rootfs }),
    `${OCI}.config.v1+json`,
  );
  const layers = [directory.blob(tar, `${OCI}.layer.v1.tar`)];
  const mediaType = `${OCI}.manifest.v1+json`;
  const manifest = changed('manifest', { schemaVersion: 2, mediaType, config, layers });
  const manifests = [directory.blob(manifest, mediaType, { platform, annotations: { a: 'b' } })];
  const inner = changed('inner', { schemaVersion: 2, manifests });
  const top = directory.blob(inner, `${OCI}.index.v1+json`, {
    annotations: { 'org.opencontainers.image.ref.name': 'name' },
  });
  directory.index([]);
  const index = changed('index', { schemaVersion: 2, manifests: [top] });
  directory.put('index.json', JSON.stringify(index));
}

/** A copy in which the member of that number, in the order of the text, has another value. */
function replace(document: object, number: number, value: unknown): object {
  let count = -1;
  const copy = JSON.parse(JSON.stringify(document), function (key, before: unknown) {
    if (key !== '') count += 1;
    return count === number && key !== '' ? value : before;
  }) as object | null;
  return copy ?? {};
}

test('whatever is in the documents, there is an image or a DigestError', async () => {
  let images = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { maxLength: 3 }),
      fc.constantFrom(undefined, 'name', `sha256:${'0'.repeat(64)}`),
      fc.constantFrom(undefined, { os: 'linux', architecture: 'amd64' }),
      async (changes, reference, platform) => {
        using directory = imageDirectory();
        putImage(directory, changes);
        try {
          using image = await openImage(
            { kind: 'oci', path: directory.path, reference },
            { platform },
          );
          images += image.layers.length;
        } catch (error) {
          assert.ok(error instanceof DigestError, String(error));
          assert.doesNotMatch(error.message, /\n/);
        }
      },
    ),
    { numRuns: 200 },
  );
  // Unchanged documents are among them.
  assert.ok(images > 0);
});
