import { createHash } from 'node:crypto';
import type { DigestText } from './digest.ts';
import type { ByteString, Entry } from './entry.ts';
import {
  encodeAfterDigest,
  encodeEntry,
  encodeFileUpToDigest,
  LISTING_HEADER,
  type ListingKind,
  type UnhashedFile,
} from './listing.ts';
import { unescapeBytes } from './listing-path.ts';

const CHUNK_SIZE = 64 * 1024;
const LINE_START = '\n./';
/** Digits of a SHA-256. */
const GAP_LENGTH = 64;

interface Chunk {
  readonly bytes: Buffer;
  length: number;
  /** Where digests go that are still to come, in order. */
  readonly gaps: number[];
  filled: number;
}

/**
 * Lays a listing out while a tree is walked, with gaps for the digests of contents that other threads still hash, and
 * hashes it as the gaps are filled, first to last. Only the chunks from the first gap on are kept, and nothing else of an
 * entry: objects that wait cost more than the walk (measured).
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

  /** A file whose digest comes later, after those of all files before it. */
  addFile(file: UnhashedFile): void {
    this.#count(file);
    const before = encodeFileUpToDigest(file);
    const after = encodeAfterDigest(file);
    const chunk = this.#room(before.length + GAP_LENGTH + after.length);
    chunk.length += chunk.bytes.write(before, chunk.length, 'latin1');
    chunk.gaps.push(chunk.length);
    chunk.length += GAP_LENGTH;
    chunk.length += chunk.bytes.write(after, chunk.length, 'latin1');
  }

  /** The path of the first file without a digest. */
  get firstGapPath(): ByteString {
    const { bytes, gaps, filled } = this.#chunks[0] ?? this.#last;
    // Before the gap, which still holds whatever was in that memory: a line's beginning, once.
    const last = (gaps[filled] ?? 0) - LINE_START.length;
    const start = bytes.lastIndexOf(LINE_START, last, 'latin1') + LINE_START.length;
    return unescapeBytes(bytes.toString('latin1', start, bytes.indexOf(' ', start)));
  }

  /** @param sha256 of the first file without one: 64 hexadecimal digits */
  fillFirst(sha256: string): void {
    const chunk = this.#chunks[0] ?? this.#last;
    chunk.bytes.write(sha256, chunk.gaps[chunk.filled] ?? 0, GAP_LENGTH, 'latin1');
    chunk.filled++;
    if (chunk.filled === chunk.gaps.length && chunk !== this.#last) this.#flush();
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
    const firstKept = this.#chunks.findIndex((chunk) => hasGap(chunk) || chunk === this.#last);
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
  return { bytes: Buffer.allocUnsafeSlow(size), length: 0, gaps: [], filled: 0 };
}

function hasGap({ filled, gaps }: Chunk): boolean {
  return filled < gaps.length;
}
