import { createHash } from 'node:crypto';
import type { DigestText } from './digest.ts';
import type { Entry } from './entry.ts';
import { encodeEntry, LISTING_HEADER, type ListingKind } from './listing.ts';

const CHUNK_LENGTH = 64 * 1024;

/** Hashes a listing while it is made, entry by entry; nothing of it is kept. */
export class ListingDigest {
  readonly #hash = createHash('sha256');
  readonly #onListing: ((chunk: Uint8Array) => void) | undefined;
  #chunk: string;
  #entries = 0;
  #fileBytes = 0;

  constructor(kind: ListingKind, onListing?: (chunk: Uint8Array) => void) {
    this.#chunk = LISTING_HEADER[kind];
    this.#onListing = onListing;
  }

  get entries(): number {
    return this.#entries;
  }

  get fileBytes(): number {
    return this.#fileBytes;
  }

  /** Entries must come in the listing's order. */
  add(entry: Entry): void {
    this.#entries++;
    if (entry.kind === 'file') this.#fileBytes += entry.size;
    this.#chunk += encodeEntry(entry);
    if (this.#chunk.length >= CHUNK_LENGTH) this.#flush();
  }

  digest(): DigestText {
    this.#flush();
    return `sha256:${this.#hash.digest('hex')}`;
  }

  #flush(): void {
    const bytes = Buffer.from(this.#chunk, 'latin1');
    this.#chunk = '';
    this.#hash.update(bytes);
    this.#onListing?.(bytes);
  }
}
