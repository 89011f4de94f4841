import type { ByteString } from '#digest/entry';
import { type DirectoryInode, type Inode, isDirectory } from './inode.ts';
import type { LookupFailure } from './lookup-path.ts';
import { rootPath } from './root-path.ts';
import type { StepBudget } from './step-budget.ts';

/** How far a path leads without following a link. */
export interface PlainWalk {
  /** The directory of the last component that was found, or the root. */
  readonly directory: DirectoryInode;
  /** Where in the path the component starts that is no directory; the path's length if all are. */
  readonly rest: number;
  /** What that component is; undefined where it is missing or where all are directories. */
  readonly blocked: Inode | undefined;
}

/** @param path clean */
export function walkPlain(
  root: DirectoryInode,
  path: ByteString,
  budget: StepBudget,
  from = 0,
): PlainWalk {
  let directory = root;
  for (let at = from; at < path.length; ) {
    const slash = path.indexOf('/', at);
    const end = slash === -1 ? path.length : slash;
    budget.spend(1);
    const found = directory.names.get(path.slice(at, end));
    if (!isDirectory(found)) return { directory, rest: at, blocked: found };
    directory = found;
    at = end + 1;
  }
  return { directory, rest: path.length, blocked: undefined };
}

/** lstat(2) of a path that has no links but perhaps at its end. */
export function lookupPlain(
  root: DirectoryInode,
  path: ByteString,
  budget: StepBudget,
): Inode | LookupFailure {
  return endOf(walkPlain(root, path, budget), path);
}

/** The same of RootPath() of the path: every link is followed, the last one too. */
export function lookupRootPath(
  root: DirectoryInode,
  path: ByteString,
  budget: StepBudget,
): Inode | LookupFailure {
  const walk = walkPlain(root, path, budget);
  if (walk.blocked === undefined) return endOf(walk, path);
  const resolved = rootPath(root, path, budget);
  return typeof resolved === 'string' ? resolved : lookupPlain(root, resolved.path, budget);
}

function endOf({ directory, rest, blocked }: PlainWalk, path: ByteString): Inode | LookupFailure {
  if (rest >= path.length) return directory;
  if (blocked === undefined) return 'ENOENT';
  return path.includes('/', rest) ? 'ENOTDIR' : blocked;
}
