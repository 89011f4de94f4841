import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DigestError } from '#digest/errors';
import { compressionOf } from './compression.ts';

const OCI = 'application/vnd.oci.image.layer.v1.tar';
const DOCKER = 'application/vnd.docker.image.rootfs.diff.tar';

const starts = {
  gzip: '1f8b080000000000',
  'gzip by another method': '1f8b070000000000',
  zstd: '28b52ffd04580000',
  'a skippable frame': '5f2a4d1800000000',
  'the magic number of a skippable frame alone': '502a4d18',
  'almost a skippable frame': '602a4d1800000000',
  bzip2: '425a683931415926',
  xz: 'fd377a585a000004',
  'a name': '6574632f00000000',
  nothing: '',
};

/** What containerd makes of it where Docker and podman do the same. */
const expected: readonly [keyof typeof starts, string | undefined, string][] = [
  ['gzip', undefined, 'gzip'],
  ['gzip', `${OCI}+gzip`, 'gzip'],
  ['gzip', `${OCI}+zstd`, 'gzip'],
  ['gzip', `${DOCKER}.gzip`, 'gzip'],
  ['gzip', DOCKER, 'gzip'],
  ['gzip', OCI, `image: expected no compression (${OCI}), found gzip`],
  ['gzip by another method', undefined, 'none'],
  ['zstd', undefined, 'zstd'],
  ['zstd', `${OCI}+zstd`, 'zstd'],
  ['zstd', `${OCI}+gzip`, 'zstd'],
  [
    'zstd',
    'application/vnd.oci.image.layer.nondistributable.v1.tar',
    'image: expected no compression (application/vnd.oci.image.layer.nondistributable.v1.tar), found zstd',
  ],
  ['a skippable frame', undefined, 'zstd'],
  ['the magic number of a skippable frame alone', undefined, 'none'],
  ['almost a skippable frame', undefined, 'none'],
  ['bzip2', `${OCI}+gzip`, 'image: expected gzip, zstd or no compression, found bzip2'],
  ['xz', undefined, 'image: expected gzip, zstd or no compression, found xz'],
  ['a name', undefined, 'none'],
  ['a name', OCI, 'none'],
  ['a name', `${OCI}+gzip`, 'none'],
  ['nothing', `${OCI}+gzip`, 'none'],
];

function answer(start: keyof typeof starts, mediaType: string | undefined): string {
  try {
    return compressionOf(Buffer.from(starts[start], 'hex'), mediaType);
  } catch (error) {
    if (error instanceof DigestError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

describe('a blob that starts with', () => {
  for (const [start, mediaType, found] of expected) {
    test(`${start}, ${mediaType ?? 'without media type'}: ${found}`, () => {
      assert.equal(answer(start, mediaType), found);
    });
  }
});
