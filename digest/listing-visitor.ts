import type { ContentHasher } from './content-hasher.ts';
import type { DigestText } from './digest.ts';
import type { ByteString, Xattr } from './entry.ts';
import { readEntry } from './entry-reader.ts';
import { DigestError } from './errors.ts';
import { LISTED_OVERLAY_XATTRS, type ListingKind, type UnhashedFile } from './listing.ts';
import { ListingDigest } from './listing-digest.ts';
import { quotePath } from './listing-path.ts';
import type { OwnerMapping } from './owner-mapping.ts';
import { SHA256_OF_NOTHING } from './sha256.ts';
import type { FoundName } from './tree-reader.ts';
import type { Visitor } from './walk.ts';
import type { EntryXattrs, OverlayXattrPrefix } from './xattrs.ts';

export interface ListingOptions {
  /** Where another mount lies inside the tree. Left out: not listed, nor anything below it; named in the result. */
  readonly foreignMounts: 'refuse' | 'leave-out';
  /** Paths below the root that are left out, with all below them. */
  readonly without?: ReadonlySet<ByteString> | undefined;
  /** Gets the listing's bytes as they are made. */
  readonly onListing?: ((chunk: Uint8Array) => void) | undefined;
  /** Called often; throws when the caller's time is up. */
  readonly interrupt?: (() => void) | undefined;
}

export interface VisitorOptions extends ListingOptions {
  /** Set for a writable layer: its listing carries overlay attributes. */
  readonly writablePrefix: OverlayXattrPrefix | undefined;
}

export interface RootfsDigest {
  readonly digest: DigestText;
  /** Entries listed, the root not counted. */
  readonly entries: number;
  /** Bytes of all files listed. */
  readonly fileBytes: number;
  /** Not listed, as no image holds one. */
  readonly sockets: readonly ByteString[];
  /** Mountpoints left out. */
  readonly foreignMounts: readonly ByteString[];
}

/** Of the listing that may wait behind a large file: a million links could follow it. */
const MAX_LISTING_SIZE = 16 * 1024 * 1024;
const INTERRUPT_EVERY = 256;
/** Digests that are ready are taken in batches: one by one, the threads fight for the memory they share (measured: 8 ms). */
const TAKE_EVERY = 64;

/** Turns what a walk meets into a listing, in order, though contents are hashed in any order. */
export class ListingVisitor implements Visitor, Disposable {
  readonly #listing: ListingDigest;
  readonly #owners: OwnerMapping;
  readonly #hasher: ContentHasher;
  readonly #options: VisitorOptions;
  readonly #sockets: ByteString[] = [];
  readonly #foreignMounts: ByteString[] = [];
  #visited = 0;

  constructor(
    kind: ListingKind,
    owners: OwnerMapping,
    hasher: ContentHasher,
    options: VisitorOptions,
  ) {
    this.#listing = new ListingDigest(kind, options.onListing);
    this.#owners = owners;
    this.#hasher = hasher;
    this.#options = options;
  }

  [Symbol.dispose](): void {
    this.#listing[Symbol.dispose]();
  }

  isLeftOut(path: ByteString): boolean {
    if (++this.#visited % INTERRUPT_EVERY === 0) this.interrupt();
    return this.#options.without?.has(path) ?? false;
  }

  interrupt(): void {
    this.#options.interrupt?.();
  }

  foreignMount(path: ByteString): void {
    if (this.#options.foreignMounts === 'refuse') {
      throw new DigestError('foreign-mount', `another mount lies at ${quotePath(path)}`);
    }
    this.#foreignMounts.push(path);
  }

  found(found: FoundName, name: ByteString, path: ByteString): void {
    const entry = readEntry(found, name, path, this.#owners, this.#listedXattrs(found.xattrs));
    if (entry.kind === 'socket') this.#sockets.push(entry.path);
    else if (entry.kind === 'file' && entry.size > 0) this.#addFile(entry, found, name);
    else if (entry.kind === 'file') this.#listing.add({ ...entry, sha256: SHA256_OF_NOTHING });
    else this.#listing.add(entry);
    if (this.#visited % TAKE_EVERY === 0) this.#takeHashed();
    while (this.#listing.size > MAX_LISTING_SIZE && this.#takeFirst());
  }

  #listedXattrs({ listed, overlay }: EntryXattrs): readonly Xattr[] {
    const prefix = this.#options.writablePrefix;
    if (prefix === undefined || overlay.size === 0) return listed;
    const others = LISTED_OVERLAY_XATTRS.flatMap((suffix) => {
      const value = overlay.get(suffix);
      return value === undefined ? [] : [{ name: prefix + suffix, value }];
    });
    // `security.` and `system.` sort before `trusted.` and `user.`.
    return [...listed, ...others];
  }

  #addFile(file: UnhashedFile, { parent, facts }: FoundName, name: ByteString): void {
    while (this.#hasher.isFull) this.#takeFirst();
    this.#hasher.submit(parent, name, facts);
    this.#listing.addFile(file);
  }

  #takeHashed(): void {
    while (this.#hasher.isFirstHashed) this.#takeFirst();
  }

  #takeFirst(): boolean {
    if (this.#hasher.isEmpty) return false;
    this.#hasher.giveFirst(this.#listing, () => this.#listing.firstGapPath);
    return true;
  }

  releaseDirectory(): boolean {
    return this.#takeFirst();
  }

  finish(): RootfsDigest {
    this.#hasher.hashRest();
    while (this.#takeFirst());
    const digest = this.#listing.digest();
    const { entries, fileBytes } = this.#listing;
    return {
      digest,
      entries,
      fileBytes,
      sockets: this.#sockets,
      foreignMounts: this.#foreignMounts,
    };
  }
}
