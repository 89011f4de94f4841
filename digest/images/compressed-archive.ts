import { pipeline } from 'node:stream/promises';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { compressionOf, MAGIC_LENGTH } from '#digest/blobs/compression';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { READ_LIMITS } from '#digest/blobs/limits';
import { readRegion } from '#digest/blobs/read-region';
import { DigestError } from '#digest/errors';
import { quoted } from '#digest/quoted';
import { systemErrorCode } from '#digest/system-error-code';
import { imageError } from './image-error.ts';
import { SpoolFile } from './spool-file.ts';

const CHUNK = 256 * 1024;

/**
 * The archive itself if it is not compressed, else what is in it, in a temporary file that has no name.
 *
 * @param stack closes that file
 * @throws {DigestError} `image` (damaged, another compression), `too-large` (no room, too), `unreadable`
 */
export async function plainArchive(
  stored: BlobRegion,
  path: string,
  stack: DisposableStack,
  onProgress: (read: number, all: number) => void = () => {},
): Promise<BlobRegion> {
  const compression = compressionOf(readRegion(stored, 0, MAGIC_LENGTH), undefined);
  if (compression === 'none') return stored;
  const options = { chunkSize: CHUNK };
  const unpack = compression === 'gzip' ? createGunzip(options) : createZstdDecompress(options);
  try {
    const file = stack.use(new SpoolFile(quoted(path)));
    // Streams of files would close what is not theirs when they fail.
    await pipeline(chunksOf(stored, onProgress), unpack, async (chunks: AsyncIterable<Buffer>) => {
      for await (const chunk of chunks) {
        if (file.size + chunk.length > READ_LIMITS.bytes) throw tooLarge(path);
        file.write(chunk);
      }
    });
    return file.finish();
  } catch (cause) {
    throw unpackingError(cause, path);
  }
}

function* chunksOf(
  stored: BlobRegion,
  onProgress: (read: number, all: number) => void,
): Generator<Uint8Array> {
  for (let at = 0; at < stored.size; at += CHUNK) {
    yield readRegion(stored, at, CHUNK);
    onProgress(Math.min(at + CHUNK, stored.size), stored.size);
  }
}

function tooLarge(path: string): DigestError {
  const what = `expected at most ${READ_LIMITS.bytes} bytes in ${quoted(path)}, found more`;
  return new DigestError('too-large', what);
}

function unpackingError(cause: unknown, path: string): DigestError {
  if (cause instanceof DigestError) return cause;
  const code = String(systemErrorCode(cause) ?? cause);
  const isSystem = cause instanceof Error && 'syscall' in cause;
  return isSystem
    ? new DigestError('unreadable', `cannot unpack ${quoted(path)}: ${code}`, { cause })
    : imageError(`expected a whole compressed archive in ${quoted(path)}, found ${code}`, {
        cause,
      });
}
