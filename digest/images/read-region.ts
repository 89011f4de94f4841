import { readSync } from 'node:fs';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { DigestError } from '#digest/errors';

/** V8 moves the bytes of shorter views about, which must not happen while OpenSSL reads them. */
const MIN_ROOM = 65;

/**
 * Bytes of a region, fewer than were asked for only at its end, or at the file's.
 *
 * @throws {DigestError} `unreadable`
 */
export function readRegion({ fd, offset, size }: BlobRegion, from: number, length: number): Buffer {
  const wanted = Math.max(0, Math.min(length, size - from));
  const bytes = Buffer.allocUnsafeSlow(Math.max(wanted, MIN_ROOM));
  let at = 0;
  while (at < wanted) {
    const read = readSome(fd, bytes.subarray(at, wanted), offset + from + at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

function readSome(fd: number, into: Uint8Array, position: number): number {
  try {
    return readSync(fd, into, 0, into.length, position);
  } catch (cause) {
    throw new DigestError('unreadable', 'cannot read a file of the image', { cause });
  }
}
