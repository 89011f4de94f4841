import type { ByteString } from '#digest/entry';
import { NAME_MAX, PATH_MAX } from '#digest/linux-limits';
import { type DirectoryInode, type Inode, isDirectory } from './inode.ts';
import type { StepBudget } from './step-budget.ts';

export type LookupFailure = 'ENOENT' | 'ENOTDIR' | 'ELOOP' | 'ENAMETOOLONG' | 'escapes';

/** How a path is followed that leads through symbolic links. */
export interface LookupRules {
  readonly maxLinks: number;
  /** A link to an absolute path, and `..` in the root: stay in the root as under chroot(2), or fail. */
  readonly outside: 'clamp' | 'escapes';
  /** Bytes with the slash before them. */
  readonly maxLength: number;
}

/** path_resolution(7) under chroot(2): MAXSYMLINKS and PATH_MAX of Linux. */
export const KERNEL: LookupRules = { maxLinks: 40, outside: 'clamp', maxLength: PATH_MAX - 1 };

export type Lookup = Inode | LookupFailure;

/**
 * @param path components below the root, `..` and `.` among them too
 * @param last whether a link that the path itself names is followed
 */
export function lookupPath(
  root: DirectoryInode,
  path: ByteString,
  rules: LookupRules,
  last: 'follow' | 'stay',
  budget: StepBudget,
): Lookup {
  if (path.length + 1 > rules.maxLength) return 'ENAMETOOLONG';
  budget.spendText(path.length);
  /** What is still to be walked, the next text last: split as it is walked, for most of a long path may be missing. */
  const todo = [{ text: path, at: 0 }];
  const above: DirectoryInode[] = [];
  let at: Inode = root;
  let links = 0;
  for (;;) {
    const next = todo.at(-1);
    if (next === undefined) return at;
    const slash = next.text.indexOf('/', next.at);
    const name = next.text.slice(next.at, slash === -1 ? undefined : slash);
    next.at = slash + 1;
    if (slash === -1) todo.pop();
    budget.spend(1);
    if (!isDirectory(at)) return 'ENOTDIR';
    if (name === '' || name === '.') continue;
    if (name === '..') {
      const parent = above.pop();
      if (parent === undefined && rules.outside === 'escapes') return 'escapes';
      at = parent ?? root;
      continue;
    }
    if (name.length > NAME_MAX) return 'ENAMETOOLONG';
    const found: Inode | undefined = at.names.get(name);
    if (found === undefined) return 'ENOENT';
    const isLast = todo.length === 0;
    if (found.kind !== 'link' || (isLast && last === 'stay')) {
      above.push(at);
      at = found;
      continue;
    }
    if (++links > rules.maxLinks) return 'ELOOP';
    const target = targetOf(found);
    if (target.startsWith('/')) {
      if (rules.outside === 'escapes') return 'escapes';
      at = root;
      above.length = 0;
    }
    budget.spendText(target.length);
    todo.push({ text: target, at: 0 });
  }
}

export function targetOf(link: Inode): ByteString {
  return link.source?.linkName ?? '';
}
