import { type DirectoryInode, Inode } from './inode.ts';
import type { LayerEntry } from './layer.ts';
import {
  changePermissions,
  encodeAcl,
  parseAcl,
  permissionsOf,
  saysMoreThanMode,
} from './posix-acl.ts';

// What Linux does to an inode that root creates or changes, as far as a listing shows it (fs/attr.c, fs/open.c, fs/inode.c, fs/posix_acl.c).

const SET_GID = 0o2000;
const GROUP_EXECUTE = 0o010;
const PERMISSIONS = 0o777;
const UNCHANGED = 0xffffffff; // −1

/** A new inode, as mkdir(2), open(2), mknod(2) and symlink(2) make it in a directory. */
export function createIn(
  parent: DirectoryInode,
  kind: Inode['kind'],
  mode: number,
  source?: LayerEntry,
): Inode {
  const inode = new Inode(kind, mode, source);
  if ((parent.mode & SET_GID) !== 0) {
    inode.gid = parent.gid;
    if (kind === 'dir') inode.mode |= SET_GID;
  }
  if (parent.defaultAcl !== undefined) inheritAcl(parent.defaultAcl, inode);
  return inode;
}

function inheritAcl(defaultAcl: Uint8Array, inode: Inode): void {
  if (inode.kind === 'link') return;
  if (inode.kind === 'dir') inode.defaultAcl = defaultAcl;
  const acl = parseAcl(defaultAcl);
  if (typeof acl === 'string') throw new TypeError(`a default ACL was kept though ${acl}`);
  const permissions = inode.mode & permissionsOf(acl);
  inode.mode = (inode.mode & ~PERMISSIONS) | permissions;
  if (saysMoreThanMode(acl)) inode.accessAcl = encodeAcl(changePermissions(acl, permissions));
}

/** lchown(2): −1 leaves an id as it is; what is no directory loses set-id bits and capabilities, also where nothing changes. */
export function changeOwner(inode: Inode, uid: number, gid: number): void {
  if (uid !== UNCHANGED) inode.uid = uid;
  if (gid !== UNCHANGED) inode.gid = gid;
  if (inode.kind === 'dir') return;
  inode.mode &= ~0o4000;
  if ((inode.mode & GROUP_EXECUTE) !== 0) inode.mode &= ~SET_GID;
  inode.capability = undefined;
}

/** chmod(2) */
export function changeMode(inode: Inode, mode: number): void {
  inode.mode = mode & 0o7777;
  if (inode.accessAcl === undefined) return;
  const acl = parseAcl(inode.accessAcl);
  if (typeof acl !== 'string') inode.accessAcl = encodeAcl(changePermissions(acl, inode.mode));
}
