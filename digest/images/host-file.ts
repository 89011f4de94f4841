import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { DigestError } from '#digest/errors';
import { quoted } from '#digest/quoted';
import { systemErrorCode } from '#digest/system-error-code';
import { imageError } from './image-error.ts';

// A fifo must not block, a terminal not become ours.
const FLAGS = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
export const NO_LINK: number = constants.O_NOFOLLOW;

/**
 * Opens a regular file of the host's; the caller closes it.
 *
 * @throws {DigestError} `unreadable`, `image` where it is no regular file
 */
export function openHostFile(path: string, flags = 0): BlobRegion {
  return reading(path, () => {
    const fd = openSync(path, FLAGS | flags);
    const stats = fstatSync(fd);
    if (stats.isFile()) return { fd, offset: 0, size: stats.size };
    closeSync(fd);
    throw imageError(`expected a regular file at ${quoted(path)}`);
  });
}

/** @throws {DigestError} `unreadable` where a system call fails */
export function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (cause instanceof DigestError) throw cause;
    const why = String(systemErrorCode(cause) ?? cause);
    throw new DigestError('unreadable', `cannot read ${quoted(path)}: ${why}`, { cause });
  }
}
