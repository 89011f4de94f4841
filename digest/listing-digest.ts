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
import { Sha256 } from './sha256.ts';

const CHUNK_SIZE = 64 * 1024;
const LINE_START = '\n./';
const DIGITS = 64;
const GAP = '?'.repeat(DIGITS);

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
export class ListingDigest implements Disposable {
  readonly #hash = new Sha256();
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

  [Symbol.dispose](): void {
    this.#hash[Symbol.dispose]();
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
    const lines = before + GAP + after;
    const chunk = this.#room(lines.length);
    chunk.gaps.push(chunk.length + before.length);
    chunk.length += chunk.bytes.write(lines, chunk.length, 'latin1');
  }

  /** The path of the first file without a digest. */
  get firstGapPath(): ByteString {
    const { bytes, gaps, filled } = this.#chunks[0] ?? this.#last;
    const start = bytes.lastIndexOf(LINE_START, gaps[filled] ?? 0, 'latin1') + LINE_START.length;
    return unescapeBytes(bytes.toString('latin1', start, bytes.indexOf(' ', start)));
  }

  /** @param memory that has, from `at` on, the 64 hexadecimal digits of the first file without them */
  fillFirst(memory: Buffer, at: number): void {
    const chunk = this.#chunks[0] ?? this.#last;
    memory.copy(chunk.bytes, chunk.gaps[chunk.filled] ?? 0, at, at + DIGITS);
    chunk.filled++;
    if (chunk.filled === chunk.gaps.length && chunk !== this.#last) this.#flush();
  }

  /** @throws {RangeError} if a gap is left */
  digest(): DigestText {
    this.#last = newChunk(0);
    this.#flush();
    if (this.#chunks.length > 0) throw new RangeError('a digest was never filled in');
    return `sha256:${this.#hash.digest().toHex()}`;
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
      this.#hash.update(filled, filled.length);
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
