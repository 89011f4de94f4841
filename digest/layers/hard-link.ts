import type { ByteString } from '#digest/entry';
import { joinPath } from '#digest/listing-path';
import { cleanInRoot, nameOf, parentOf, staysBelow } from './clean-path.ts';
import type { Inode } from './inode.ts';
import { KERNEL, type LookupFailure, lookupPath } from './lookup-path.ts';
import { lookupPlain } from './plain-lookup.ts';
import { rootPath } from './root-path.ts';
import type { Unpacking } from './unpacking.ts';

/**
 * What a hard link names: links on the way are followed as the engine does, the last one is linked itself.
 *
 * @throws {Refusal}
 */
export function findLinked(unpacking: Unpacking, linkName: ByteString): Inode {
  const found = lookUp(unpacking, linkName);
  if (found !== lookUpCommon(unpacking, linkName)) unpacking.isShared = false;
  if (typeof found === 'string') {
    throw unpacking.refusal(`a hard link to what cannot be found in its layer (${found})`);
  }
  if (found.kind === 'dir') throw unpacking.refusal('a hard link to a directory');
  return found;
}

/** What every engine finds, if no link is on the way. */
function lookUpCommon({ root, budget }: Unpacking, linkName: ByteString): Inode | undefined {
  const path = linkName.startsWith('./') ? linkName.slice(2) : linkName;
  if (path !== cleanInRoot(path)) return undefined;
  const found = lookupPlain(root, path, budget);
  return typeof found === 'string' ? undefined : found;
}

function lookUp(unpacking: Unpacking, linkName: ByteString): Inode | LookupFailure {
  const { engine, root, budget } = unpacking;
  if (engine.links === 'in the text') return lookUpByText(unpacking, linkName);
  const path = cleanInRoot(linkName);
  if (engine.aboveRoot === 'refuse' && !staysBelow(linkName.replace(/^\/+/, ''))) {
    throw unpacking.refusal('a hard link to what is above the root');
  }
  const found = lookupPath(root, path, engine.links, 'stay', budget);
  if (found !== 'escapes') return found;
  const resolved = rootPath(root, parentOf(path), budget);
  if (typeof resolved === 'string') return resolved;
  if (!resolved.followedAbsoluteLink || resolved.escapedBefore) return 'escapes';
  return lookupPlain(root, joinPath(resolved.path, nameOf(path)), budget);
}

/** hardlinkRootPath() of containerd */
function lookUpByText({ root, budget }: Unpacking, linkName: ByteString): Inode | LookupFailure {
  const resolved = rootPath(root, parentOf(linkName), budget);
  if (typeof resolved === 'string') return resolved;
  const path = cleanInRoot(`${resolved.path}/${nameOf(linkName)}`);
  return path.length + 1 > KERNEL.maxLength ? 'ENAMETOOLONG' : lookupPlain(root, path, budget);
}
