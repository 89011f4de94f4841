import type { ContentHasher, PendingContent } from './content-hasher.ts';
import type { DigestText } from './digest.ts';
import type { ByteString, Entry, Xattr } from './entry.ts';
import { readEntry, type UnhashedFile } from './entry-reader.ts';
import { DigestError } from './errors.ts';
import type { ListingKind } from './listing.ts';
import { ListingDigest } from './listing-digest.ts';
import { quotePath } from './listing-path.ts';
import type { OwnerMapping } from './owner-mapping.ts';
import type { FoundName } from './tree-reader.ts';
import type { Visitor } from './walk.ts';
import type { EntryXattrs, OverlayXattrPrefix } from './xattrs.ts';

export interface VisitorOptions {
  readonly foreignMounts: 'refuse' | 'leave-out';
  readonly without?: ReadonlySet<ByteString> | undefined;
  readonly onListing?: ((chunk: Uint8Array) => void) | undefined;
  readonly interrupt?: (() => void) | undefined;
  /** Set for a writable layer: its listing carries overlay attributes. */
  readonly writablePrefix?: OverlayXattrPrefix | undefined;
}

/** An entry that waits: for its own content, or behind one that does. */
type Waiting = Entry | { readonly file: UnhashedFile; readonly content: PendingContent };

/** Entries that may wait behind a large file. Bounds memory; a million links could follow it. */
const MAX_WAITING = 8192;
const INTERRUPT_EVERY = 256;
const SHA256_OF_NOTHING = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const OVERLAY_XATTRS_LISTED = ['metacopy', 'opaque', 'redirect'];

/** Turns what a walk meets into a listing, in order, though contents are hashed in any order. */
export class ListingVisitor implements Visitor {
  readonly #listing: ListingDigest;
  readonly #owners: OwnerMapping;
  readonly #hasher: ContentHasher;
  readonly #options: VisitorOptions;
  readonly #sockets: ByteString[] = [];
  readonly #foreignMounts: ByteString[] = [];
  #waiting: Waiting[] = [];
  #firstWaiting = 0;
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

  isLeftOut(path: ByteString): boolean {
    if (++this.#visited % INTERRUPT_EVERY === 0) this.#options.interrupt?.();
    return this.#options.without?.has(path) ?? false;
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
    else if (entry.kind === 'file') this.#addFile(entry, found, name);
    else this.#add(entry);
    while (this.#isHeadReady()) this.#takeHead();
  }

  #listedXattrs({ listed, overlay }: EntryXattrs): readonly Xattr[] {
    const prefix = this.#options.writablePrefix;
    if (prefix === undefined || overlay.size === 0) return listed;
    const others = OVERLAY_XATTRS_LISTED.flatMap((suffix) => {
      const value = overlay.get(suffix);
      return value === undefined ? [] : [{ name: prefix + suffix, value }];
    });
    // `security.` and `system.` sort before `trusted.` and `user.`.
    return [...listed, ...others];
  }

  #addFile(file: UnhashedFile, { parent, facts }: FoundName, name: ByteString): void {
    if (file.size === 0) return this.#add({ ...file, sha256: SHA256_OF_NOTHING });
    while (this.#hasher.isFull) this.#takeHead();
    const content = this.#hasher.submit(parent, name, facts, file.path);
    this.#wait({ file, content });
  }

  #add(entry: Entry): void {
    if (this.#waitingCount === 0) this.#listing.add(entry);
    else this.#wait(entry);
  }

  #wait(waiting: Waiting): void {
    while (this.#waitingCount >= MAX_WAITING) this.#takeHead();
    this.#waiting.push(waiting);
  }

  get #waitingCount(): number {
    return this.#waiting.length - this.#firstWaiting;
  }

  #isHeadReady(): boolean {
    const head = this.#waiting[this.#firstWaiting];
    return head !== undefined && (!('content' in head) || this.#hasher.isHashed(head.content));
  }

  #takeHead(): void {
    const head = this.#waiting[this.#firstWaiting];
    if (head === undefined) return;
    this.#firstWaiting++;
    if (this.#firstWaiting >= MAX_WAITING) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    if ('content' in head) {
      this.#listing.add({ ...head.file, sha256: this.#hasher.take(head.content) });
    } else {
      this.#listing.add(head);
    }
  }

  releaseDirectory(): boolean {
    if (this.#waitingCount === 0) return false;
    this.#takeHead();
    return true;
  }

  finish(): {
    digest: DigestText;
    entries: number;
    fileBytes: number;
    sockets: readonly ByteString[];
    foreignMounts: readonly ByteString[];
  } {
    while (this.#waitingCount > 0) this.#takeHead();
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
