import { canonicalXattr } from '#digest/canonical-xattrs';
import type { ByteString, Entry, Xattr } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { joinPath } from '#digest/listing-path';
import { mergeNames } from '#digest/merged-names';
import { ownerMapping } from '#digest/owner-mapping';
import { type DirectoryInode, type Inode, isDirectory, isWhiteout } from './inode.ts';
import { targetOf } from './lookup-path.ts';

/** Links can make a tree deeper than any path in an archive: what all paths together may have. */
const MAX_PATH_BYTES = 512 * 1024 ** 2;

/** A directory that is being listed: those of the layers that make it up, the topmost first. */
interface Open {
  readonly path: ByteString;
  readonly parts: readonly DirectoryInode[];
  readonly names: readonly ByteString[];
  readonly partsWithName: readonly (readonly number[])[] | undefined;
  next: number;
}

/**
 * What overlayfs shows of layers (docs/rootfs-digest.md, §8), in a listing's order.
 *
 * @param layers the topmost first
 * @param whiteouts shown where there is no overlayfs
 * @throws {DigestError} `too-large`
 */
export function listTree(
  layers: readonly DirectoryInode[],
  whiteouts: 'hide' | 'show' = 'hide',
): Entry[] {
  const entries: Entry[] = [];
  let pathBytes = 0;
  const stack = [open('', layers)];
  for (let at = stack.at(-1); at !== undefined; at = stack.at(-1)) {
    const index = at.next++;
    const name = at.names[index];
    if (name === undefined) {
      stack.pop();
      continue;
    }
    const parts = partsOf(at, index, name);
    const top = parts[0];
    if (top === undefined || (whiteouts === 'hide' && isWhiteout(top))) continue;
    const path = joinPath(at.path, name);
    pathBytes += path.length;
    if (pathBytes > MAX_PATH_BYTES) throw tooLarge();
    entries.push(entryOf(top, path));
    if (isDirectory(top)) stack.push(open(path, mergedParts(parts)));
  }
  return entries;
}

function open(path: ByteString, parts: readonly DirectoryInode[]): Open {
  const lists = parts.map(({ names }) => [...names.keys()].toSorted());
  return { path, parts, ...mergeNames(lists), next: 0 };
}

function partsOf({ parts, partsWithName }: Open, index: number, name: ByteString): Inode[] {
  const only = partsWithName === undefined ? parts[0]?.names.get(name) : undefined;
  if (only !== undefined) return [only];
  const indices = partsWithName?.[index] ?? [0];
  return indices.flatMap((part) => parts[part]?.names.get(name) ?? []);
}

/** Down to what is no directory, or to one that hides what is below it. */
function mergedParts(parts: readonly Inode[]): DirectoryInode[] {
  const merged: DirectoryInode[] = [];
  for (const part of parts) {
    if (!isDirectory(part)) break;
    merged.push(part);
    if (part.isOpaque) break;
  }
  return merged;
}

function entryOf(inode: Inode, path: ByteString): Entry {
  const { kind, mode, uid, gid, source } = inode;
  const owned = { path, uid, gid, xattrs: xattrsOf(inode) };
  switch (kind) {
    case 'file':
      return { kind, ...owned, mode, size: source?.size ?? 0, sha256: source?.sha256 ?? '' };
    case 'link':
      return { kind, ...owned, target: targetOf(inode) };
    case 'char':
    case 'block':
      return { kind, ...owned, mode, major: inode.major, minor: inode.minor };
    case 'dir':
    case 'fifo':
      return { kind, ...owned, mode };
  }
}

const NO_XATTRS: readonly Xattr[] = [];
const owners = ownerMapping(undefined);

function xattrsOf({ capability, accessAcl, defaultAcl }: Inode): readonly Xattr[] {
  if (capability === undefined && accessAcl === undefined && defaultAcl === undefined) {
    return NO_XATTRS;
  }
  const found: readonly (readonly [string, Uint8Array | undefined])[] = [
    ['security.capability', capability],
    ['system.posix_acl_access', accessAcl],
    ['system.posix_acl_default', defaultAcl],
  ];
  return found.flatMap(([name, value]) => {
    const canonical = value && canonicalXattr(name, value, owners);
    return canonical === undefined ? [] : [{ name, value: canonical }];
  });
}

function tooLarge(): DigestError {
  return new DigestError(
    'too-large',
    `expected at most ${MAX_PATH_BYTES} bytes of paths in the image, found more`,
  );
}
