import type { ByteString } from '#digest/entry';
import { PATH_MAX } from '#digest/linux-limits';
import { joinPath } from '#digest/listing-path';
import { nameOf, parentOf } from './clean-path.ts';
import { createImplied } from './implied-directory.ts';
import { type DirectoryInode, isDirectory } from './inode.ts';
import { type LookupFailure, type LookupRules, lookupPath } from './lookup-path.ts';
import { walkPlain } from './plain-lookup.ts';
import { rootPath } from './root-path.ts';
import type { Unpacking } from './unpacking.ts';

/** Where an entry goes. */
export interface Place {
  readonly directory: DirectoryInode;
  readonly name: ByteString;
  /** As the engine notes what it has unpacked; containerd without links, the others as the entry says. */
  readonly path: ByteString;
  readonly isThroughLinks: boolean;
}

/** Room for the slash before it and the NUL behind it. Docker opens one component after another. */
const MAX_PATH_LENGTH = PATH_MAX - 2;

/** Finds the directory of an entry's path, creating what is missing. */
export class PlaceFinder {
  readonly #unpacking: Unpacking;
  #lastParent: ByteString | undefined;
  #last: Place | undefined;
  #removals = 0;

  constructor(unpacking: Unpacking) {
    this.#unpacking = unpacking;
  }

  /**
   * @param path clean, not empty
   * @throws {Refusal}
   */
  find(path: ByteString): Place {
    const isLong = this.#unpacking.engine.name !== 'docker' && path.length > MAX_PATH_LENGTH;
    if (isLong) throw this.#unpacking.refusal(`a path of ${path.length} bytes is too long`);
    const parent = parentOf(path);
    const name = nameOf(path);
    // Archives have the entries of a directory one after another.
    const isKnown = parent === this.#lastParent && this.#removals === this.#unpacking.removals;
    if (isKnown && this.#last !== undefined) {
      return { ...this.#last, name, path: joinPath(parentOf(this.#last.path), name) };
    }
    this.#last = findPlace(this.#unpacking, parent, name, path);
    this.#lastParent = parent;
    this.#removals = this.#unpacking.removals;
    return this.#last;
  }
}

function findPlace(
  unpacking: Unpacking,
  parent: ByteString,
  name: ByteString,
  path: ByteString,
): Place {
  const { root, budget, engine } = unpacking;
  const walk = walkPlain(root, parent, budget);
  if (walk.rest < parent.length) unpacking.isShared = false;
  if (walk.blocked?.kind !== 'link') {
    const isThere = walk.rest >= parent.length;
    const directory = isThere ? walk.directory : createMissing(unpacking, parent);
    return { directory, name, path, isThroughLinks: false };
  }
  const { links } = engine;
  if (links === 'in the text') return findByText(unpacking, parent, name);
  const found = lookupPath(root, parent, links, 'follow', budget);
  if (found === 'escapes') return findByText(unpacking, parent, name);
  const directory = found === 'ENOENT' ? createThroughLinks(unpacking, parent, links) : found;
  if (typeof directory === 'string') throw lookupRefusal(unpacking, directory);
  if (!isDirectory(directory)) throw lookupRefusal(unpacking, 'ENOTDIR');
  return { directory, name, path, isThroughLinks: true };
}

/** @param path without links */
function createMissing(unpacking: Unpacking, path: ByteString): DirectoryInode {
  unpacking.budget.spendText(path.length);
  const walk = walkPlain(unpacking.root, path, unpacking.budget);
  if (walk.blocked !== undefined) throw lookupRefusal(unpacking, 'ENOTDIR');
  let { directory } = walk;
  for (let at = walk.rest; at < path.length; ) {
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    directory = createImplied(unpacking, directory, path.slice(at, end), path.slice(0, end));
    at = end + 1;
  }
  return directory;
}

/** containerd always, Docker where a link to an absolute path makes Go's os.Root give up. */
function findByText(unpacking: Unpacking, parent: ByteString, name: ByteString): Place {
  const { root, budget, engine } = unpacking;
  const resolved = rootPath(root, parent, budget);
  if (typeof resolved === 'string') throw lookupRefusal(unpacking, resolved);
  const isContained = resolved.followedAbsoluteLink && !resolved.escapedBefore;
  if (engine.name === 'docker' && !isContained) throw lookupRefusal(unpacking, 'escapes');
  const path = joinPath(resolved.path, name);
  const isLong = engine.name !== 'docker' && path.length > MAX_PATH_LENGTH;
  if (isLong) throw lookupRefusal(unpacking, 'ENAMETOOLONG');
  const directory = createMissing(unpacking, resolved.path);
  return { directory, name, path, isThroughLinks: true };
}

/** os.MkdirAll() and its like: a link to what is missing is in the way. */
function createThroughLinks(
  unpacking: Unpacking,
  path: ByteString,
  rules: LookupRules,
): DirectoryInode {
  let directory = unpacking.root;
  let above: ByteString = '';
  for (const name of path.split('/')) {
    above = joinPath(above, name);
    const found = lookupPath(unpacking.root, above, rules, 'follow', unpacking.budget);
    if (found === 'ENOENT') {
      if (directory.names.has(name)) throw lookupRefusal(unpacking, 'ENOENT');
      directory = createImplied(unpacking, directory, name, above);
    } else if (typeof found === 'string') {
      throw lookupRefusal(unpacking, found);
    } else {
      if (!isDirectory(found)) throw lookupRefusal(unpacking, 'ENOTDIR');
      directory = found;
    }
  }
  return directory;
}

const REASONS: Readonly<Record<LookupFailure, string>> = {
  ENOENT: 'a link on its path leads to nothing',
  ENOTDIR: 'something on its path is no directory',
  ELOOP: 'too many links are on its path',
  ENAMETOOLONG: 'its path is too long',
  escapes: 'a link on its path leads out of the root',
};

export function lookupRefusal(unpacking: Unpacking, failure: LookupFailure): Error {
  return unpacking.refusal(REASONS[failure]);
}
