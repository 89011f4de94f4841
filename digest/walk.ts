import { readSortedNames } from './directory-reader.ts';
import type { ByteString } from './entry.ts';
import type { HeldDirectory } from './held-directory.ts';
import { isKernelOverlay, maxOpenFiles } from './linux-syscalls.ts';
import { joinPath } from './listing-path.ts';
import { mergeNames } from './merged-names.ts';
import { changed } from './system-error.ts';
import {
  type DirectoryPart,
  FOREIGN_MOUNT,
  type FoundName,
  type TreeReader,
  WHITEOUT,
} from './tree-reader.ts';

type Found = FoundName | typeof FOREIGN_MOUNT | typeof WHITEOUT;

/** What a walk meets, in a listing's order. What is called must be done with `found` when it returns. */
export interface Visitor {
  found(found: FoundName, name: ByteString, path: ByteString): void;
  foreignMount(path: ByteString): void;
  /** Whether to leave a path out, with all below it. */
  isLeftOut(path: ByteString): boolean;
  /** More directories are open than the walk needs: files that wait hold them. @returns false if none does */
  releaseDirectory(): boolean;
}

/** A directory under way. */
interface Level {
  readonly name: ByteString;
  readonly path: ByteString;
  /** Topmost first. Closed and opened again where the tree is deep. */
  parts: readonly HeldDirectory[];
  isOpen: boolean;
  readonly names: readonly ByteString[];
  readonly partsWithName: readonly (readonly number[])[] | undefined;
  next: number;
}

/** Of the levels under way: more are closed, shallowest first. */
const MAX_OPEN_PARTS = 128;
/** Of all: files that wait to be hashed hold theirs. */
const MAX_OPEN_DIRECTORIES = 2048;
/** How many levels are opened again at once on the way back up. */
const LEVELS_REOPENED = 64;

/** Walks a tree in a listing's order. Depth costs memory, neither stack nor descriptors. */
export class Walk {
  readonly #reader: TreeReader;
  readonly #visitor: Visitor;
  readonly #levels: Level[] = [];
  readonly #maxOpenDirectories = Math.min(MAX_OPEN_DIRECTORIES, Math.floor(maxOpenFiles() / 2));
  #openParts = 0;

  constructor(reader: TreeReader, visitor: Visitor) {
    this.#reader = reader;
    this.#visitor = visitor;
  }

  /** @throws {DigestError} as the reader does */
  run(): void {
    this.#enter(this.#reader.openRoots(), '', '');
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      if (!level.isOpen) this.#reopen();
      const index = level.next++;
      const name = level.names[index];
      if (name === undefined) this.#leave(level);
      else this.#visit(level, name, index);
    }
  }

  #enter(parts: readonly HeldDirectory[], name: ByteString, path: ByteString): void {
    const names = mergeNames(parts.map((part) => readSortedNames(part.fd, path)));
    this.#levels.push({ name, path, parts, isOpen: true, ...names, next: 0 });
    this.#openParts += parts.length;
    this.#closeSome();
  }

  #leave(level: Level): void {
    for (const part of level.parts) this.#reader.checkUnchanged(part, level.path);
    this.#close(level);
    this.#levels.pop();
  }

  #visit(level: Level, name: ByteString, index: number): void {
    const path = joinPath(level.path, name);
    if (this.#visitor.isLeftOut(path)) return;
    const partsWithName = level.partsWithName?.[index];
    const parents = partsWithName?.flatMap((part) => level.parts[part] ?? []) ?? level.parts;
    const found = this.#reader.find(parents, name, path) ?? this.#findAgain(parents, name, path);
    if (found === WHITEOUT) return;
    if (found === FOREIGN_MOUNT) return this.#visitor.foreignMount(path);
    this.#visitor.found(found, name, path);
    if (found.parts.length > 0) this.#enter(this.#open(found.parts, name, path), name, path);
  }

  /**
   * Where the kernel merges an overlay, a directory of one layer is listed with its whiteouts, which lookup then
   * denies (reference: fuse-overlayfs issue 306, seen with Linux 6.18). Everywhere else a listed name must be there.
   */
  #findAgain(parents: readonly HeldDirectory[], name: ByteString, path: ByteString): Found {
    if (!parents.every((parent) => isKernelOverlay(parent.fd))) {
      throw changed(path, 'what its directory lists', 'nothing');
    }
    return this.#reader.find(parents, name, path) ?? WHITEOUT;
  }

  #open(parts: readonly DirectoryPart[], name: ByteString, path: ByteString): HeldDirectory[] {
    return parts.map((part) => this.#reader.openDirectory(part, name, path));
  }

  #closeSome(): void {
    for (const level of this.#levels) {
      if (this.#openParts <= MAX_OPEN_PARTS || level === this.#levels.at(-1)) break;
      if (level.isOpen) this.#close(level);
    }
    while (this.#reader.openDirectories.size > this.#maxOpenDirectories) {
      if (!this.#visitor.releaseDirectory()) return;
    }
  }

  #close(level: Level): void {
    for (const part of level.parts) part.release();
    this.#openParts -= level.parts.length;
    level.isOpen = false;
  }

  /** Opens the last levels again, from the root down, each below the one before it and in the state it had. */
  #reopen(): void {
    const firstKept = Math.max(0, this.#levels.length - LEVELS_REOPENED);
    let above: Level | undefined;
    for (const [index, level] of this.#levels.entries()) {
      level.parts = above === undefined ? this.#reopenRoots(level) : this.#openBelow(above, level);
      level.isOpen = true;
      this.#openParts += level.parts.length;
      if (above !== undefined && index <= firstKept) this.#close(above);
      above = level;
    }
  }

  #reopenRoots(level: Level): HeldDirectory[] {
    const roots = this.#reader.openRoots();
    for (const [index, root] of roots.entries()) {
      const state = level.parts[index]?.state;
      if (state !== undefined) root.state.set(state);
      this.#reader.checkUnchanged(root, '');
    }
    return roots;
  }

  #openBelow(above: Level, { parts, name, path }: Level): HeldDirectory[] {
    const unopened = parts.flatMap(({ layer, state }) => {
      const parent = above.parts.find((candidate) => candidate.layer === layer);
      return parent === undefined ? [] : [{ parent, state }];
    });
    return this.#open(unopened, name, path);
  }
}
