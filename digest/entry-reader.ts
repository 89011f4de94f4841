import type { ByteString, Device, Directory, Fifo, Link, Xattr } from './entry.ts';
import { DigestError } from './errors.ts';
import { type FileFacts, Format } from './file-facts.ts';
import { EINVAL, ENOENT, readLink } from './linux-syscalls.ts';
import type { UnhashedFile } from './listing.ts';
import { quotePath } from './listing-path.ts';
import type { OwnerMapping } from './owner-mapping.ts';
import { atPath, changed, unreadable } from './system-error.ts';
import type { FoundName } from './tree-reader.ts';

/** No layer can hold one; it is reported and not listed. */
export interface Socket {
  readonly kind: 'socket';
  readonly path: ByteString;
}

export type ReadEntry = Directory | UnhashedFile | Link | Device | Fifo | Socket;

// PATH_MAX of include/uapi/linux/limits.h counts the NUL.
const linkSpace = Buffer.allocUnsafeSlow(4096);

/**
 * @param xattrs those of its listing
 * @throws {DigestError} `unreadable`, `unmapped-id`, `unrepresentable`
 */
export function readEntry(
  found: FoundName,
  name: ByteString,
  path: ByteString,
  owners: OwnerMapping,
  xattrs: readonly Xattr[] = found.xattrs.listed,
): ReadEntry {
  const { facts, parent } = found;
  if (facts.format === Format.socket) return { kind: 'socket', path };
  const mode = facts.permissions;
  const uid = containerID(owners.uid, facts.uid, path);
  const gid = containerID(owners.gid, facts.gid, path);
  const { major, minor } = facts;
  switch (facts.format) {
    case Format.dir:
      return { kind: 'dir', path, mode, uid, gid, xattrs };
    case Format.file:
      return { kind: 'file', path, mode, uid, gid, size: readSize(facts, path), xattrs };
    case Format.link:
      return { kind: 'link', path, uid, gid, target: readTarget(parent.fd, name, path), xattrs };
    case Format.char:
      return { kind: 'char', path, mode, uid, gid, major, minor, xattrs };
    case Format.block:
      return { kind: 'block', path, mode, uid, gid, major, minor, xattrs };
    case Format.fifo:
      return { kind: 'fifo', path, mode, uid, gid, xattrs };
    default:
      throw new DigestError(
        'unrepresentable',
        `${quotePath(path)} is of the unknown type ${facts.format.toString(8)}`,
      );
  }
}

function containerID(toContainer: (id: number) => number, id: number, path: ByteString): number {
  try {
    return toContainer(id);
  } catch (error) {
    throw atPath(path, error);
  }
}

function readSize(facts: FileFacts, path: ByteString): number {
  if (Number.isSafeInteger(facts.size)) return facts.size;
  throw new DigestError(
    'unrepresentable',
    `expected ${quotePath(path)} to have fewer than 2^53 bytes, found about ${facts.size}`,
  );
}

function readTarget(directory: number, name: ByteString, path: ByteString): ByteString {
  const length = readLink(directory, name, linkSpace);
  if (length === -EINVAL || length === -ENOENT) {
    throw changed(path, 'a symbolic link', 'something else');
  }
  if (length < 0) throw unreadable('read the link', path, length);
  if (length === linkSpace.length) {
    throw new DigestError('unrepresentable', `the target of ${quotePath(path)} is too long`);
  }
  return linkSpace.toString('latin1', 0, length);
}
