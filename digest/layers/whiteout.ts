import type { ByteString } from '#digest/entry';
import { NAME_MAX } from '#digest/linux-limits';
import { joinPath } from '#digest/listing-path';
import { cleanInRoot, nameOf, parentOf } from './clean-path.ts';
import { lookupRefusal, type Place } from './find-place.ts';
import { type DirectoryInode, Inode, isDirectory } from './inode.ts';
import { KERNEL, lookupPath } from './lookup-path.ts';
import { walkPlain } from './plain-lookup.ts';
import type { Unpacking } from './unpacking.ts';

// image-spec, layer.md, "Whiteouts"
export const WHITEOUT_PREFIX = '.wh.';
export const OPAQUE_MARKER = '.wh..wh..opq';

/** A whiteout as overlayfs has it, in the layer's own directory. @throws {Refusal} */
export function makeWhiteout(unpacking: Unpacking, { directory, name }: Place): void {
  if (name === OPAQUE_MARKER) {
    directory.isOpaque = true;
    return;
  }
  const hidden = name.slice(WHITEOUT_PREFIX.length);
  if (isNoName(hidden)) throw unpacking.refusal('a whiteout of no name');
  if (hidden.length > NAME_MAX) throw unpacking.refusal('a whiteout of too long a name');
  if (directory.names.has(hidden)) {
    throw unpacking.refusal('a whiteout of what the same layer has above it');
  }
  directory.names.set(hidden, new Inode('char', 0));
}

function isNoName(name: ByteString): boolean {
  return name === '' || name === '.' || name === '..';
}

/** Removes what a whiteout names from the one tree. @throws {Refusal} */
export function removeHidden(unpacking: Unpacking, { directory, name, path }: Place): void {
  const hidden = name.slice(WHITEOUT_PREFIX.length);
  if (!isNoName(hidden)) {
    unpacking.remove(directory, hidden);
    return;
  }
  if (unpacking.engine.name === 'containerd') throw unpacking.refusal('a whiteout of no name');
  // The others join the path first: the directory itself is removed, or the one above.
  const target = cleanInRoot(`${parentOf(path)}/${hidden}`);
  if (target === '') throw unpacking.refusal('a whiteout of the root');
  const above = lookupPath(unpacking.root, parentOf(target), KERNEL, 'follow', unpacking.budget);
  if (isDirectoryFound(above)) unpacking.remove(above, nameOf(target));
}

function isDirectoryFound(found: Inode | string): found is DirectoryInode {
  return typeof found !== 'string' && isDirectory(found);
}

/** Its path is put together and hashed. */
const STEPS_PER_NAME = 20;

/** Removes from an opaque directory of the one tree what this layer has not put there. */
export function emptyOpaque(
  unpacking: Unpacking,
  place: Place,
  unpacked: ReadonlySet<ByteString>,
): void {
  // podman does not follow a link to walk through what it leads to.
  const isLink = unpacking.engine.name === 'podman' && isLinkItself(unpacking, place);
  if (isLink) return;
  const todo = [{ directory: place.directory, path: parentOf(place.path) }];
  for (let at = todo.pop(); at !== undefined; at = todo.pop()) {
    for (const [name, inode] of at.directory.names) {
      unpacking.budget.spend(STEPS_PER_NAME);
      const path = joinPath(at.path, name);
      unpacking.budget.spendText(path.length);
      if (!unpacked.has(path)) unpacking.remove(at.directory, name);
      else if (isDirectory(inode)) todo.push({ directory: inode, path });
    }
  }
}

function isLinkItself({ root, budget }: Unpacking, { path, isThroughLinks }: Place): boolean {
  if (!isThroughLinks) return false;
  const found = lookupPath(root, parentOf(path), KERNEL, 'stay', budget);
  return typeof found !== 'string' && found.kind === 'link';
}

/**
 * An opaque marker, or a whiteout, below a file: whether the engine passes it over.
 *
 * @throws {Refusal}
 */
export function isPassedOver(unpacking: Unpacking, path: ByteString): boolean {
  const { engine, root, budget } = unpacking;
  if (engine.opaqueFile === 'refuse' || nameOf(path) !== OPAQUE_MARKER) return false;
  const parent = parentOf(path);
  if (isDirectory(walkPlain(root, parent, budget).blocked ?? root)) return false;
  if (engine.links === 'in the text') return false;
  const found = lookupPath(root, parent, engine.links, 'follow', budget);
  if (found === 'ELOOP') throw lookupRefusal(unpacking, found);
  return typeof found !== 'string' && !isDirectory(found);
}
