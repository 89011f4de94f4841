import type { ByteString } from '#digest/entry';
import { NAME_MAX, PATH_MAX } from '#digest/linux-limits';
import { quoted } from '#digest/quoted';
import type { Place } from './find-place.ts';
import { findLinked } from './hard-link.ts';
import type { Inode } from './inode.ts';
import { createIn } from './kernel-calls.ts';
import { type LayerEntry, TypeFlag } from './layer.ts';
import type { Unpacking } from './unpacking.ts';

/**
 * What an entry puts at its place: a directory that is there already, or something new.
 *
 * @throws {Refusal}
 */
export function createInode(
  unpacking: Unpacking,
  { directory, name }: Place,
  entry: LayerEntry,
): Inode {
  const there = directory.names.get(name);
  if (there !== undefined) return there;
  if (name.length > NAME_MAX) {
    throw unpacking.refusal(`a name of ${name.length} bytes is too long`);
  }
  const inode = newInode(unpacking, directory, entry);
  directory.names.set(name, inode);
  return inode;
}

function newInode(unpacking: Unpacking, directory: Place['directory'], entry: LayerEntry): Inode {
  const mode = entry.mode & 0o7777;
  switch (entry.typeFlag) {
    case TypeFlag.file:
      return createIn(directory, 'file', mode, entry);
    case TypeFlag.dir:
      return createIn(directory, 'dir', mode);
    case TypeFlag.fifo:
      checkDevice(unpacking, entry);
      return createIn(directory, 'fifo', mode);
    case TypeFlag.char:
      checkDevice(unpacking, entry);
      return device(createIn(directory, 'char', mode), entry);
    case TypeFlag.block:
      checkDevice(unpacking, entry);
      return device(createIn(directory, 'block', mode), entry);
    case TypeFlag.link:
      checkTarget(unpacking, entry.linkName);
      return createIn(directory, 'link', 0o777, entry);
    case TypeFlag.hardLink:
      return findLinked(unpacking, entry.linkName);
    default:
      throw unpacking.refusal(
        `an entry of type ${quoted(entry.typeFlag)}, which no engine unpacks`,
      );
  }
}

function checkTarget(unpacking: Unpacking, target: ByteString): void {
  if (target === '') throw unpacking.refusal('a link without a target');
  if (target.length >= PATH_MAX) {
    throw unpacking.refusal(`a link to a target of ${target.length} bytes`);
  }
}

function checkDevice(unpacking: Unpacking, { isDeviceCut }: LayerEntry): void {
  if (!isDeviceCut) return;
  unpacking.isShared = false;
  if (unpacking.engine.largeDevices === 'refuse') {
    throw unpacking.refusal('a device number that does not fit into 32 bits');
  }
}

/** The numbers as mknod(2) takes them. */
function device(inode: Inode, { major, minor }: LayerEntry): Inode {
  inode.major = major & 0xfff;
  inode.minor = minor & 0xfffff;
  return inode;
}
