import { createHash } from 'node:crypto';
import type { DigestText } from './digest.ts';
import type { Entry } from './entry.ts';
import {
  encodeAfterDigest,
  encodeEntry,
  encodeFileUpToDigest,
  LISTING_HEADER,
  type ListingKind,
  type UnhashedFile,
} from './listing.ts';

const CHUNK_SIZE = 64 * 1024;
/** Digits of a SHA-256. */
const GAP_LENGTH = 64;

interface Chunk {
  readonly bytes: Buffer;
  length: number;
  /** Digests still to be filled in. */
  gaps: number;
}

/** Where a file's digest goes. */
export interface Gap {
  readonly chunk: Chunk;
  readonly offset: number;
}

/**
 * Lays a listing out while a tree is walked, with gaps for the digests of contents that other threads still hash, and
 * hashes it as the gaps are filled. Only the chunks from the first gap on are kept.
 */
export class ListingDigest {
  readonly #hash = createHash('sha256');
  readonly #onListing: ((chunk: Uint8Array) => void) | undefined;
  readonly #chunks: Chunk[] = [];
  #last: Chunk = newChunk(0);
  #size = 0;
  #entries = 0;
  #fileBytes = 0;

  constructor(kind: ListingKind, onListing?: (chunk: Uint8Array) => void) {
    this.#onListing = onListing;
    this.#append(LISTING_HEADER[kind]);
  }

  get entries(): number {
    return this.#entries;
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Bytes kept. */
  get size(): number {
    return this.#size;
  }

  /** Entries, and files of {@link addFile}, must come in the listing's order. */
  add(entry: Entry): void {
    this.#count(entry);
    this.#append(encodeEntry(entry));
  }

  /** A file whose digest comes later. */
  addFile(file: UnhashedFile): Gap {
    this.#count(file);
    const before = encodeFileUpToDigest(file);
    const after = encodeAfterDigest(file);
    const chunk = this.#room(before.length + GAP_LENGTH + after.length);
    chunk.length += chunk.bytes.write(before, chunk.length, 'latin1');
    const offset = chunk.length;
    chunk.length += GAP_LENGTH;
    chunk.length += chunk.bytes.write(after, chunk.length, 'latin1');
    chunk.gaps++;
    return { chunk, offset };
  }

  /** @param sha256 64 hexadecimal digits */
  fill({ chunk, offset }: Gap, sha256: string): void {
    chunk.bytes.write(sha256, offset, GAP_LENGTH, 'latin1');
    chunk.gaps--;
    if (chunk.gaps === 0 && chunk !== this.#last) this.#flush();
  }

  /** @throws {RangeError} if a gap is left */
  digest(): DigestText {
    this.#last = newChunk(0);
    this.#flush();
    if (this.#chunks.length > 0) throw new RangeError('a digest was never filled in');
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #count(entry: Entry | UnhashedFile): void {
    this.#entries++;
    if (entry.kind === 'file') this.#fileBytes += entry.size;
  }

  #append(lines: string): void {
    const chunk = this.#room(lines.length);
    chunk.length += chunk.bytes.write(lines, chunk.length, 'latin1');
  }

  #room(length: number): Chunk {
    if (this.#last.length + length <= this.#last.bytes.length) return this.#last;
    this.#last = newChunk(Math.max(CHUNK_SIZE, length));
    this.#flush();
    this.#chunks.push(this.#last);
    this.#size += this.#last.bytes.length;
    return this.#last;
  }

  #flush(): void {
    const firstKept = this.#chunks.findIndex((chunk) => chunk.gaps > 0 || chunk === this.#last);
    const count = firstKept === -1 ? this.#chunks.length : firstKept;
    for (const { bytes, length } of this.#chunks.splice(0, count)) {
      this.#size -= bytes.length;
      const filled = bytes.subarray(0, length);
      this.#hash.update(filled);
      this.#onListing?.(filled);
    }
  }
}

function newChunk(size: number): Chunk {
  return { bytes: Buffer.allocUnsafeSlow(size), length: 0, gaps: 0 };
}
