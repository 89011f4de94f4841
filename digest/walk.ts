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
  /** Called where the walk takes long without meeting anything; throws when the caller's time is up. */
  interrupt(): void;
}

/** A directory under way. */
interface Level {
  readonly name: ByteString;
  /** Empty while it is closed: all paths of a tree 100,000 directories deep come to 10 GB. */
  path: ByteString;
  /** Topmost first. Closed and opened again where the tree is deep. */
  parts: readonly HeldDirectory[];
  readonly names: readonly ByteString[];
  readonly partsWithName: readonly (readonly number[])[] | undefined;
  next: number;
}

/** Of the levels under way: more are closed, shallowest first. */
const MAX_OPEN_PARTS = 128;
/**
 * Of those that nothing but files that wait to be hashed holds. More of them would not fit into the kernel's table of open files as it
 * is: to enlarge it, a process with threads waits for all processors, 10 to 25 ms each time (expand_files, synchronize_rcu; measured).
 */
const MAX_WAITING_DIRECTORIES = 48;

/** Walks a tree in a listing's order. Depth costs memory, neither stack nor descriptors. */
export class Walk {
  readonly #reader: TreeReader;
  readonly #visitor: Visitor;
  readonly #levels: Level[] = [];
  readonly #maxOpenDirectories = Math.floor(maxOpenFiles() / 2);
  #openParts = 0;
  /** Levels that are closed: the first so many. */
  #closed = 0;

  constructor(reader: TreeReader, visitor: Visitor) {
    this.#reader = reader;
    this.#visitor = visitor;
  }

  /** @throws {DigestError} as the reader does */
  run(): void {
    this.#enter(this.#reader.openRoots(), '', '');
    for (let level = this.#levels.at(-1); level !== undefined; level = this.#levels.at(-1)) {
      const index = level.next++;
      const name = level.names[index];
      if (name === undefined) this.#leave(level);
      else this.#visit(level, name, index);
    }
  }

  #enter(parts: readonly HeldDirectory[], name: ByteString, path: ByteString): void {
    const names = mergeNames(parts.map((part) => readSortedNames(part.fd, path)));
    this.#levels.push({ name, path, parts, ...names, next: 0 });
    this.#openParts += parts.length;
    this.#closeSome();
  }

  #leave(level: Level): void {
    for (const part of level.parts) this.#reader.checkUnchanged(part, level.path);
    const above = this.#levels.at(-2);
    if (above !== undefined && this.#closed === this.#levels.length - 1) this.#reopen(above, level);
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
   * denies (as fuse-overlayfs issue 306 has it; seen with Linux 6.18). Everywhere else a listed name must be there.
   */
  #findAgain(parents: readonly HeldDirectory[], name: ByteString, path: ByteString): Found {
    if (!parents.every((parent) => isKernelOverlay(parent.fd))) {
      throw changed(path, 'what its directory lists', 'nothing');
    }
    return this.#reader.find(parents, name, path) ?? WHITEOUT;
  }

  #open(parts: readonly DirectoryPart[], name: ByteString, path: ByteString): HeldDirectory[] {
    // Checked when it is left, before anything of it is believed.
    return parts.map((part) => this.#reader.openUnchecked(part, name, path));
  }

  #closeSome(): void {
    while (this.#openParts > MAX_OPEN_PARTS && this.#closed < this.#levels.length - 1) {
      const level = this.#levels[this.#closed++];
      if (level !== undefined) this.#close(level);
    }
    while (this.#areTooManyOpen()) {
      if (!this.#visitor.releaseDirectory()) return;
    }
  }

  #areTooManyOpen(): boolean {
    const open = this.#reader.openDirectories.size;
    return open > this.#maxOpenDirectories || open - this.#openParts > MAX_WAITING_DIRECTORIES;
  }

  #close(level: Level): void {
    for (const part of level.parts) part.release();
    this.#openParts -= level.parts.length;
    level.path = '';
  }

  /**
   * Opens a level again from the one below it, which is open still, and only in the state it had: `..` of a directory
   * that was moved is another one.
   */
  #reopen(level: Level, below: Level): void {
    this.#closed--;
    level.path = below.path.slice(0, -below.name.length - 1);
    level.parts = level.parts.map(({ layer, state }) => {
      const child = below.parts.find((part) => part.layer === layer);
      if (child === undefined) return this.#openFromRoot(this.#closed, layer);
      return this.#reader.openDirectory({ parent: child, state }, '..', level.path);
    });
    this.#openParts += level.parts.length;
  }

  /** For a layer that has nothing below the level, so that nothing can be climbed from. */
  #openFromRoot(depth: number, layer: number): HeldDirectory {
    let here = this.#openRoot(layer);
    let path: ByteString = '';
    for (const { name, parts } of this.#levels.slice(1, depth + 1)) {
      this.#visitor.interrupt();
      path = joinPath(path, name);
      const state = parts.find((part) => part.layer === layer)?.state ?? here.state;
      const below = this.#reader.openDirectory({ parent: here, state }, name, path);
      here.release();
      here = below;
    }
    return here;
  }

  /** In the state it had. */
  #openRoot(layer: number): HeldDirectory {
    const roots = this.#reader.openRoots();
    for (const root of roots) if (root.layer !== layer) root.release();
    const state = this.#levels[0]?.parts.find((part) => part.layer === layer)?.state;
    const root = roots.find((candidate) => candidate.layer === layer);
    if (root === undefined || state === undefined) throw new RangeError(`no layer ${layer}`);
    root.state.set(state);
    this.#reader.checkUnchanged(root, '');
    return root;
  }
}
