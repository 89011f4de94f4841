import { DigestError } from '#digest/errors';

export type Compression = 'none' | 'gzip' | 'zstd';

/** Bytes of a blob's start that tell how it is compressed. */
export const MAGIC_LENGTH = 8;

/** The media types that say that nothing is compressed; of all others containerd looks at the content. */
const UNCOMPRESSED = new Set([
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.nondistributable.v1.tar',
]);

/**
 * How a blob is compressed. As engines do (containerd's pkg/archive/compression and images.DiffCompression): the content decides
 * between gzip, zstd and none, whatever of these a media type says; but one that says uncompressed is believed by containerd.
 *
 * @param start of the blob, MAGIC_LENGTH bytes or all of it
 * @param mediaType undefined where there is none
 * @throws {DigestError} `image` if they contradict each other, or if it is another compression
 */
export function compressionOf(start: Uint8Array, mediaType: string | undefined): Compression {
  const found = sniff(start);
  if (found === 'none') return 'none';
  if (found === 'bzip2' || found === 'xz') {
    throw new DigestError('image', `expected gzip, zstd or no compression, found ${found}`);
  }
  if (mediaType !== undefined && UNCOMPRESSED.has(mediaType)) {
    throw new DigestError('image', `expected no compression (${mediaType}), found ${found}`);
  }
  return found;
}

const GZIP = [0x1f, 0x8b, 0x08];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const BZIP2 = [0x42, 0x5a, 0x68];
const XZ = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
/** RFC 8878, 3.1.2: little-endian 0x184d2a50 to 0x184d2a5f, and a size. */
const SKIPPABLE = [0x2a, 0x4d, 0x18];

function sniff(start: Uint8Array): Compression | 'bzip2' | 'xz' {
  if (startsWith(start, GZIP)) return 'gzip';
  if (startsWith(start, ZSTD) || isSkippable(start)) return 'zstd';
  // No name in an archive that anybody made by accident starts so; Docker and podman unpack them.
  if (startsWith(start, XZ)) return 'xz';
  if (startsWith(start, BZIP2)) return 'bzip2';
  return 'none';
}

function startsWith(bytes: Uint8Array, magic: readonly number[]): boolean {
  return bytes.length >= magic.length && magic.every((byte, index) => bytes[index] === byte);
}

function isSkippable(start: Uint8Array): boolean {
  const first = start[0] ?? 0;
  return (
    start.length >= MAGIC_LENGTH && first >> 4 === 5 && startsWith(start.subarray(1), SKIPPABLE)
  );
}
