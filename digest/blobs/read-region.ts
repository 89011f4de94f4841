import { readSync } from 'node:fs';
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import type { BlobRegion } from './layer-source.ts';

/**
 * Bytes of a region, fewer than were asked for only at its end, or at the file's.
 *
 * @throws {DigestError} `unreadable`
 */
export function readRegion(region: BlobRegion, from: number, length: number): Buffer {
  const wanted = Math.max(0, Math.min(length, region.size - from));
  // OpenSSL may read them: they must not move.
  const { bytes } = new Memory(wanted);
  let at = 0;
  while (at < wanted) {
    const read = readSome(region, from + at, bytes.subarray(at), wanted - at);
    if (read === 0) break;
    at += read;
  }
  return bytes.subarray(0, at);
}

/**
 * Reads what comes at once.
 *
 * @param length within the region
 * @returns how many bytes; 0 at the file's end
 * @throws {DigestError} `unreadable`
 */
export function readSome(
  { fd, offset }: BlobRegion,
  from: number,
  into: Uint8Array,
  length: number,
): number {
  try {
    return readSync(fd, into, 0, length, offset + from);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DigestError('unreadable', `could not read a file of the image: ${why}`, { cause });
  }
}
