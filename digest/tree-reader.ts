import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { describeDifference, FileFacts, type FileState, Format, stateOf } from './file-facts.ts';
import { HeldDirectory } from './held-directory.ts';
import type { IdMappings } from './id-mapping.ts';
import {
  ELOOP,
  ENOENT,
  ENOTDIR,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  openAt,
  statDescriptor,
  statName,
} from './linux-syscalls.ts';
import { isOpaque, isWhiteout, type OverlayFormat, refuseKernelXattrs } from './overlay-rules.ts';
import { type OwnerMapping, ownerMapping } from './owner-mapping.ts';
import { changed, unreadable } from './system-error.ts';
import type { TreeRoot } from './tree-root.ts';
import { requireTrustedXattrs } from './trusted-xattrs.ts';
import { WorkingDirectory } from './working-directory.ts';
import { type EntryXattrs, type OverlayXattrPrefix, readXattrs } from './xattrs.ts';

export interface ReaderOptions {
  /** Present: the layers are merged by overlayfs's rules. Absent: there is one layer, read as it lies. */
  readonly overlay?: OverlayFormat | undefined;
  /** Which overlay attributes to read where nothing is merged; none by default. */
  readonly overlayXattrs?: OverlayXattrPrefix | undefined;
  readonly idMappings?: IdMappings | undefined;
}

/** What a name is, once every layer that has a say was asked. */
export interface FoundName {
  /** The topmost layer's directory that has it. */
  readonly parent: HeldDirectory;
  /** Of the topmost; valid until the reader's next call. */
  readonly facts: FileFacts;
  readonly xattrs: EntryXattrs;
  /** Of a directory: all that are merged, topmost first. */
  readonly parts: readonly DirectoryPart[];
}

/** A directory of one layer, seen and not yet opened. */
export interface DirectoryPart {
  readonly parent: HeldDirectory;
  readonly state: FileState;
}

export const FOREIGN_MOUNT: unique symbol = Symbol('foreign mount');
export const WHITEOUT: unique symbol = Symbol('whiteout');

/**
 * Reads names of one tree, or of layers merged into one. A name is one component below a directory that is held open;
 * no link is followed, no path is longer than a name.
 */
export class TreeReader implements Disposable {
  readonly openDirectories: Set<HeldDirectory> = new Set();
  readonly owners: OwnerMapping;
  readonly #layers: readonly TreeRoot[];
  readonly #rootFacts: FileFacts[] = [];
  readonly #overlay: OverlayFormat | undefined;
  readonly #overlayXattrs: OverlayXattrPrefix | undefined;
  readonly #workingDirectory: WorkingDirectory;
  readonly #top = new FileFacts();
  readonly #other = new FileFacts();

  constructor(layers: readonly TreeRoot[], options: ReaderOptions) {
    if (layers.length !== 1 && (options.overlay === undefined || layers.length === 0)) {
      throw new RangeError(`expected one layer, or several to merge, found ${layers.length}`);
    }
    this.#layers = layers;
    this.#overlay = options.overlay;
    this.#overlayXattrs = options.overlay?.xattrPrefix ?? options.overlayXattrs;
    if (this.#overlayXattrs === 'trusted.overlay.') requireTrustedXattrs();
    this.owners = ownerMapping(options.idMappings);
    this.#workingDirectory = new WorkingDirectory();
  }

  [Symbol.dispose](): void {
    this.#workingDirectory[Symbol.dispose]();
    for (const directory of this.openDirectories) directory.close();
  }

  /**
   * The root directory of each layer, topmost first.
   *
   * @throws {DigestError} `unreadable`, `needs-kernel`
   */
  openRoots(): HeldDirectory[] {
    return this.#layers.map((layer, index) => this.#openRoot(layer, index));
  }

  #openRoot(layer: TreeRoot, index: number): HeldDirectory {
    const fd = openAt(layer.fd, '.', O_RDONLY | O_DIRECTORY);
    if (fd < 0) throw unreadable(`open ${JSON.stringify(layer.label)} as`, '', fd);
    const facts = (this.#rootFacts[index] ??= new FileFacts());
    const result = statDescriptor(fd, facts.address);
    const root = new HeldDirectory(fd, index, stateOf(facts), this.openDirectories);
    if (result < 0) throw unreadable('examine', '', result);
    if (!facts.hasMountID) {
      throw new DigestError('unreadable', 'the kernel does not tell mounts apart (Linux 5.8 does)');
    }
    // Opaque or not does not matter at the root; anything else that is said there does.
    if (this.#overlay !== undefined) isOpaque('', this.#xattrs(root, '.', ''), this.#overlay);
    return root;
  }

  /**
   * @param parents the parts of one directory that may have the name, topmost first
   * @returns undefined where no layer has the name
   * @throws {DigestError} `unreadable`, `changed`, `needs-kernel`, `unmapped-id`, `unrepresentable`
   */
  find(
    parents: readonly HeldDirectory[],
    name: ByteString,
    path: ByteString,
  ): FoundName | typeof FOREIGN_MOUNT | typeof WHITEOUT | undefined {
    const facts = this.#top;
    for (let index = 0; index < parents.length; index++) {
      const parent = parents[index];
      if (parent === undefined || !this.#stat(parent, name, path, facts)) continue;
      if (!this.#isOnOwnMount(parent, facts)) return FOREIGN_MOUNT;
      if (this.#overlay !== undefined && isWhiteout(facts)) return WHITEOUT;
      const xattrs = this.#xattrs(parent, name, path);
      if (facts.format === Format.dir) {
        const parts = this.#mergedParts(parents.slice(index), name, path, xattrs);
        return parts === FOREIGN_MOUNT ? parts : { parent, facts, xattrs, parts };
      }
      if (this.#overlay !== undefined) refuseKernelXattrs(path, xattrs, this.#overlay);
      return { parent, facts, xattrs, parts: [] };
    }
    return undefined;
  }

  /** fs/overlayfs/namei.c, `ovl_lookup`: from the topmost directory down to one that is opaque or to anything else. */
  #mergedParts(
    parents: readonly HeldDirectory[],
    name: ByteString,
    path: ByteString,
    topXattrs: EntryXattrs,
  ): DirectoryPart[] | typeof FOREIGN_MOUNT {
    const parts: DirectoryPart[] = [];
    for (const [index, parent] of parents.entries()) {
      const facts = index === 0 ? this.#top : this.#other;
      if (index > 0) {
        if (!this.#stat(parent, name, path, facts)) continue;
        if (!this.#isOnOwnMount(parent, facts)) return FOREIGN_MOUNT;
        if (facts.format !== Format.dir) break;
      }
      parts.push({ parent, state: stateOf(facts) });
      if (this.#overlay === undefined) break;
      const xattrs = index === 0 ? topXattrs : this.#xattrs(parent, name, path);
      if (isOpaque(path, xattrs, this.#overlay)) break;
    }
    return parts;
  }

  #stat(parent: HeldDirectory, name: ByteString, path: ByteString, facts: FileFacts): boolean {
    const result = statName(parent.fd, name, facts.address);
    if (result < 0 && result !== -ENOENT) throw unreadable('examine', path, result);
    return result === 0;
  }

  #isOnOwnMount(parent: HeldDirectory, facts: FileFacts): boolean {
    const root = this.#rootFacts[parent.layer];
    return root !== undefined && facts.isOnMountOf(root);
  }

  #xattrs(parent: HeldDirectory, name: ByteString, path: ByteString): EntryXattrs {
    this.#workingDirectory.enter(parent);
    return readXattrs(name, path, this.owners, this.#overlayXattrs);
  }

  /**
   * Opens what was seen, or what has taken its place since: to be followed by {@link checkUnchanged}, at the latest when it
   * was read.
   *
   * @throws {DigestError} `unreadable`, `changed`
   */
  openUnchecked(
    { parent, state }: DirectoryPart,
    name: ByteString,
    path: ByteString,
  ): HeldDirectory {
    const fd = openAt(parent.fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_NONBLOCK);
    if (fd === -ENOENT) throw changed(path, 'a directory', 'nothing');
    if (fd === -ENOTDIR || fd === -ELOOP) throw changed(path, 'a directory', 'something else');
    if (fd < 0) throw unreadable('open', path, fd);
    return new HeldDirectory(fd, parent.layer, state, this.openDirectories);
  }

  /** @throws {DigestError} `unreadable`, or `changed` if it is not in the state it had when it was seen */
  openDirectory(part: DirectoryPart, name: ByteString, path: ByteString): HeldDirectory {
    const directory = this.openUnchecked(part, name, path);
    this.checkUnchanged(directory, path);
    return directory;
  }

  /** @throws {DigestError} `changed` if names came or went since the directory was seen */
  checkUnchanged(directory: HeldDirectory, path: ByteString): void {
    const facts = this.#other;
    const result = statDescriptor(directory.fd, facts.address);
    if (result < 0) throw unreadable('examine', path, result);
    if (directory.isUnchanged(facts)) return;
    const { expected, found } = describeDifference(directory.state, stateOf(facts));
    throw changed(path, expected, found);
  }
}
