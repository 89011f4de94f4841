import { extract, type Header } from 'tar-stream';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { readRegion } from '#digest/blobs/read-region';
import { quoted } from '#digest/quoted';
import { BLOCK_SIZE } from '#digest/tar/header-block';
import { checkKinds } from './header-kinds.ts';
import { imageError } from './image-error.ts';

/** A member of an archive: what its header says, and where its content lies in the file. */
export interface ArchiveMember {
  /** Its bytes as characters 0x00–0xff, or as PAX has them. */
  readonly name: string;
  readonly type: Header['type'] | undefined;
  readonly linkName: string;
  readonly content: BlobRegion;
  /** Whether it is stored without its holes, so that its bytes are not its content. */
  readonly isSparse: boolean;
}

/** What tar-stream gives: its types leave things out. */
interface ReadHeader extends Omit<Header, 'type' | 'pax'> {
  /** Null where it is none of those. */
  readonly type: Header['type'] | null;
  /** Of the content. */
  readonly byteOffset: number;
  readonly pax: Readonly<Record<string, string>> | null;
}

/** Holds the headers of nearly every member. */
const CHUNK = 4 * BLOCK_SIZE;

/** `highWaterMark`: to ask for more after each chunk. */
const READER = { allowUnknownFormat: true, filenameEncoding: 'latin1', highWaterMark: 1 } as const;

/** These have no content, whatever size their header claims (Go's isHeaderOnlyType). */
const HEADER_ONLY: ReadonlySet<string> = new Set([
  'link',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
]);

/**
 * The members of an archive, whose headers alone are read: each by a tar-stream of its own, which then sees no content, no global header of
 * another member and nothing behind the archive's end.
 *
 * @throws {DigestError} `image` where the archive is broken
 */
export async function* archiveMembers(archive: BlobRegion): AsyncGenerator<ArchiveMember> {
  let offset = 0;
  while (!isEnd(archive, offset)) {
    const { header, end } = await readHeaders(archive, offset);
    if (end - offset > BLOCK_SIZE) checkKinds(readRegion(archive, offset, end - offset));
    const type = header.type ?? undefined;
    const size = type !== undefined && HEADER_ONLY.has(type) ? 0 : header.size;
    if (end + size > archive.size) {
      throw imageError(
        `expected ${size} bytes of ${quoted(header.name)} in the archive, found ${archive.size - end}`,
      );
    }
    const pax = header.pax ?? {};
    yield {
      // The header's own is another where the member is sparse, for readers that do not know the format.
      name: pax['GNU.sparse.name'] ?? header.name,
      type,
      linkName: header.linkname ?? '',
      content: { fd: archive.fd, offset: archive.offset + end, size },
      isSparse: Object.keys(pax).some((key) => key.startsWith('GNU.sparse.')),
    };
    offset = end + Math.ceil(size / BLOCK_SIZE) * BLOCK_SIZE;
  }
}

/** A block of zeros where a header is due, or nothing. */
function isEnd(archive: BlobRegion, offset: number): boolean {
  return readRegion(archive, offset, BLOCK_SIZE).every((byte) => byte === 0);
}

interface FoundHeaders {
  readonly header: ReadHeader;
  /** Where they end in the archive. */
  readonly end: number;
}

/** The headers of one member: its own, and those with a long name before it. */
function readHeaders(archive: BlobRegion, start: number): Promise<FoundHeaders> {
  const { promise, resolve, reject } = Promise.withResolvers<FoundHeaders>();
  const reader = extract(READER);
  let offset = start;
  const feed = (): void => {
    const chunk = readRegion(archive, offset, CHUNK);
    offset += chunk.length;
    if (chunk.length === 0) reader.destroy(new Error('it ends inside a header'));
    else reader.write(chunk);
  };
  reader.on('entry', (header, content) => {
    // Destroyed with the reader, and an error then.
    content.on('error', () => {});
    if (isReadHeader(header)) resolve({ header, end: start + header.byteOffset });
    reader.destroy();
  });
  reader.on('drain', feed);
  reader.on('error', (cause: Error) => {
    const what = `the archive is broken at byte ${start}: ${quoted(cause.message)}`;
    reject(imageError(what, { cause }));
  });
  feed();
  return promise;
}

function isReadHeader(header: object): header is ReadHeader {
  return 'byteOffset' in header && typeof header.byteOffset === 'number';
}
