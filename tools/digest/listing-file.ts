import { closeSync, openSync, readSync } from 'node:fs';
import type { DigestText } from '#digest/digest';
import type { Entry } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { parseListing } from '#digest/listing';
import { Sha256 } from '#digest/sha256';
import { ToolError } from '#tools/errors';
import type { ListingSource } from '#tools/source';
import type { SourceDigest, SourceOptions } from './source-digest.ts';

/** Some one and a half million entries. */
const MAX_SIZE = 256 * 1024 * 1024;
const CHUNK_SIZE = 1024 * 1024;

/**
 * Of a listing that was kept: its SHA-256, if it is one.
 *
 * @throws ToolError `source`; DigestError `malformed`, `too-large`
 */
export function digestListingFile(
  { path }: ListingSource,
  { onListing }: Pick<SourceOptions, 'onListing'>,
): SourceDigest {
  const listing = readFile(path);
  const { kind, entries } = parse(path, listing);
  if (kind !== 'rootfs') {
    throw new DigestError(
      'malformed',
      `${JSON.stringify(path)}: expected the listing of a root filesystem, found that of a writable layer`,
    );
  }
  onListing?.(listing);
  return {
    digest: digestOf(listing),
    entries: entries.length,
    fileBytes: entries.reduce((sum, entry) => sum + sizeOf(entry), 0),
    sockets: [],
    foreignMounts: [],
    listed: entries,
  };
}

function parse(path: string, listing: Uint8Array): ReturnType<typeof parseListing> {
  try {
    return parseListing(listing);
  } catch (cause) {
    if (!(cause instanceof DigestError)) throw cause;
    throw new DigestError(cause.code, `${JSON.stringify(path)}: ${cause.message}`, { cause });
  }
}

/** In pieces, so that a pipe is as good as a file and one without an end is not read for ever. */
function readFile(path: string): Buffer {
  const fd = open(path);
  try {
    const chunks: Buffer[] = [];
    for (let size = 0; size <= MAX_SIZE; ) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_SIZE);
      const length = readSync(fd, chunk);
      if (length === 0) return Buffer.concat(chunks);
      chunks.push(chunk.subarray(0, length));
      size += length;
    }
  } catch (cause) {
    throw new ToolError('source', `could not read ${JSON.stringify(path)}`, { cause });
  } finally {
    closeSync(fd);
  }
  throw new DigestError(
    'too-large',
    `${JSON.stringify(path)}: expected a listing of at most ${MAX_SIZE} bytes, found more`,
  );
}

function open(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (cause) {
    throw new ToolError('source', `there is no listing ${JSON.stringify(path)}`, { cause });
  }
}

function digestOf(listing: Buffer): DigestText {
  using hash = new Sha256();
  hash.update(listing, listing.length);
  return `sha256:${hash.digest().toHex()}`;
}

function sizeOf(entry: Entry): number {
  return entry.kind === 'file' ? entry.size : 0;
}
