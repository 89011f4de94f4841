import type { ByteString } from '#digest/entry';
import { quoted } from '#digest/quoted';
import type { Inode } from './inode.ts';
import { changeMode, changeOwner } from './kernel-calls.ts';
import type { LayerEntry } from './layer.ts';
import { TypeFlag } from './layer.ts';
import { KERNEL, lookupPath } from './lookup-path.ts';
import { lookupRootPath } from './plain-lookup.ts';
import { setXattr } from './set-xattr.ts';
import type { Unpacking } from './unpacking.ts';

/** What every engine sets, where it can be set. */
const SHARED_XATTR = /^(?:user|security)\../s;
const OVERLAY_PREFIX = 'trusted.overlay.';

/**
 * Gives an inode what its entry says. A hard link's entry changes the inode that it shares.
 *
 * @param path where it was unpacked
 * @throws {Refusal}
 */
export function applyAttributes(
  unpacking: Unpacking,
  inode: Inode,
  entry: LayerEntry,
  path: ByteString,
): void {
  changeOwner(inode, entry.uid, entry.gid);
  if (unpacking.engine.lastOf === 'mode') {
    setXattrs(unpacking, inode, entry, path);
    setMode(unpacking, inode, entry);
  } else {
    setMode(unpacking, inode, entry);
    setXattrs(unpacking, inode, entry, path);
  }
}

/** A link has none. podman looks whether a hard link's target is one by the name as it stands. */
function setMode(unpacking: Unpacking, inode: Inode, entry: LayerEntry): void {
  if (inode.kind === 'link') return;
  if (unpacking.engine.name === 'podman' && entry.typeFlag === TypeFlag.hardLink) {
    const name = entry.linkName.replace(/^\/+/, '');
    const found = lookupPath(unpacking.root, name, KERNEL, 'stay', unpacking.budget);
    if (typeof found === 'string' || found.kind === 'link') return;
  }
  changeMode(inode, entry.mode);
}

function setXattrs(unpacking: Unpacking, inode: Inode, entry: LayerEntry, path: ByteString): void {
  if (entry.xattrs.length === 0) return;
  const { engine, isSequential } = unpacking;
  if (inode.kind === 'link') unpacking.isShared = false;
  const holder = inode.kind === 'link' ? linkHolder(unpacking, inode, path) : inode;
  for (const { name, value } of entry.xattrs) {
    if (!SHARED_XATTR.test(name)) unpacking.isShared = false;
    if (engine.droppedXattrs.has(name)) continue;
    if (engine.trustedXattrs === 'drop' && name.startsWith('trusted.')) continue;
    if (name.startsWith(OVERLAY_PREFIX) && !isSequential) {
      throw unpacking.refusal(
        `an attack: its attribute ${quoted(name)} would make overlayfs show something else`,
      );
    }
    const failure = setXattr(holder, name, value);
    if (failure !== undefined) unpacking.isShared = false;
    if (failure !== undefined && !engine.forgives(failure, name, holder)) {
      throw unpacking.refusal(
        `its attribute ${quoted(name)} cannot be set on a ${holder.kind} (${failure})`,
      );
    }
  }
}

function linkHolder(unpacking: Unpacking, link: Inode, path: ByteString): Inode {
  if (unpacking.engine.linkXattrs === 'to the link') return link;
  const found = lookupRootPath(unpacking.root, path, unpacking.budget);
  if (typeof found !== 'string') return found;
  throw unpacking.refusal(`attributes of a link to what cannot be found in its layer (${found})`);
}
