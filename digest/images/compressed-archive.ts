import {
  closeSync,
  createReadStream,
  createWriteStream,
  fstatSync,
  mkdtempSync,
  openSync,
  rmSync,
} from 'node:fs';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { compressionOf, MAGIC_LENGTH } from '#digest/blobs/compression';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { READ_LIMITS } from '#digest/blobs/limits';
import { DigestError } from '#digest/errors';
import { quoted } from '#digest/quoted';
import { imageError } from './image-error.ts';
import { readRegion } from './read-region.ts';

/**
 * The archive itself if it is not compressed, else what is in it, in a temporary file that has no name.
 *
 * @param stack closes that file
 * @throws {DigestError} `image` (damaged, another compression), `too-large`, `unreadable` (no room, …)
 */
export async function plainArchive(
  stored: BlobRegion,
  path: string,
  stack: DisposableStack,
): Promise<BlobRegion> {
  const compression = compressionOf(readRegion(stored, 0, MAGIC_LENGTH), undefined);
  if (compression === 'none') return stored;
  const fd = stack.adopt(openNameless(), closeSync);
  const unpack = compression === 'gzip' ? createGunzip() : createZstdDecompress();
  const from = createReadStream('', { fd: stored.fd, start: 0, autoClose: false });
  const into = createWriteStream('', { fd, start: 0, autoClose: false });
  try {
    await pipeline(from, unpack, upTo(READ_LIMITS.bytes, path), into);
  } catch (cause) {
    throw unpackingError(cause, path);
  }
  return { fd, offset: 0, size: fstatSync(fd).size };
}

/** Archives may be larger than what /tmp has: podman, too, takes /var/tmp. */
function openNameless(): number {
  const directory = mkdtempSync(join(process.env['TMPDIR'] ?? '/var/tmp', 'oci-measure-'));
  try {
    return openSync(join(directory, 'archive'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function upTo(most: number, path: string): Transform {
  let bytes = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes <= most) return done(null, chunk);
      const what = `expected at most ${most} bytes in ${quoted(path)}, found more`;
      return done(new DigestError('too-large', what));
    },
  });
}

function unpackingError(cause: unknown, path: string): DigestError {
  if (cause instanceof DigestError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause);
  const isSystem = cause instanceof Error && 'syscall' in cause;
  return isSystem
    ? new DigestError('unreadable', `cannot unpack ${quoted(path)}: ${code}`, { cause })
    : imageError(`expected a whole compressed archive in ${quoted(path)}, found ${code}`, {
        cause,
      });
}
