import type { ByteString } from '#digest/entry';
import { NAME_MAX } from '#digest/linux-limits';
import { type DirectoryInode, type Inode, isDirectory } from './inode.ts';
import { changeMode, changeOwner, createIn } from './kernel-calls.ts';
import { lookupRootPath } from './plain-lookup.ts';
import type { Unpacking } from './unpacking.ts';

/**
 * A directory that no entry describes yet, though one lies below it.
 *
 * @param path of the new directory, without links
 */
export function createImplied(
  unpacking: Unpacking,
  parent: DirectoryInode,
  name: ByteString,
  path: ByteString,
): DirectoryInode {
  if (name.length > NAME_MAX) {
    throw unpacking.refusal(`a name of ${name.length} bytes is too long`);
  }
  unpacking.budget.implyDirectory();
  const directory = likeEngine(unpacking, parent, path);
  if (!isDirectory(directory)) throw new TypeError('expected a directory');
  parent.names.set(name, directory);
  return directory;
}

function likeEngine(unpacking: Unpacking, parent: DirectoryInode, path: ByteString): Inode {
  const rule = unpacking.engine.impliedDirectories;
  if (rule === '0755 of root') {
    // The umask does not count below a default ACL, and a set-group-ID bit stays.
    const mode = parent.defaultAcl === undefined || unpacking.isSequential ? 0o755 : 0o777;
    const directory = createIn(parent, 'dir', mode);
    if (!unpacking.isSequential) changeOwner(directory, 0, 0);
    return directory;
  }
  const directory = createIn(parent, 'dir', 0o755);
  changeMode(directory, 0o755);
  if (rule === 'of the lower layer') copyFromLower(unpacking, directory, path);
  return directory;
}

/** mkparent() of containerd: the topmost layer that has the path decides, each looked at alone and not merged. */
function copyFromLower(unpacking: Unpacking, directory: Inode, path: ByteString): void {
  for (const lower of unpacking.lowers) {
    const found = lookupRootPath(lower, path, unpacking.budget);
    if (found === 'ENOENT') continue;
    if (typeof found === 'string') {
      throw unpacking.refusal(`its directory cannot be looked up in a lower layer (${found})`);
    }
    if (found.kind !== 'dir') return;
    changeOwner(directory, found.uid, found.gid);
    changeMode(directory, found.mode);
    directory.capability = found.capability;
    directory.accessAcl = found.accessAcl ?? directory.accessAcl;
    directory.defaultAcl = found.defaultAcl ?? directory.defaultAcl;
    return;
  }
}
