import { readSortedNames } from './directory-reader.ts';
import type { ByteString, Xattr } from './entry.ts';
import { type ReadEntry, readEntry } from './entry-reader.ts';
import { DigestError } from './errors.ts';
import {
  describeDifference,
  FileFacts,
  type FileState,
  Format,
  isState,
  stateOf,
} from './file-facts.ts';
import type { HeldDirectory } from './held-directory.ts';
import type { IdMappings } from './id-mapping.ts';
import {
  close,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  openAt,
  read,
  statDescriptor,
  uninterrupted,
} from './linux-syscalls.ts';
import { isName, joinPath, quotePath } from './listing-path.ts';
import { openWithoutRoot } from './open-without-root.ts';
import type { OverlayFormat } from './overlay-rules.ts';
import { changed, unreadable } from './system-error.ts';
import { isRoot } from './thread-credentials.ts';
import { FOREIGN_MOUNT, type FoundName, TreeReader, WHITEOUT } from './tree-reader.ts';
import type { TreeRoot } from './tree-root.ts';
import type { OverlayXattrPrefix } from './xattrs.ts';

export interface FoundEntry {
  readonly kind: ReadEntry['kind'];
  /** Permission bits; of a link, what the kernel says: 0777. */
  readonly mode: number;
  /** The container's ids. */
  readonly uid: number;
  readonly gid: number;
  /** Bytes of a file; 0 for anything else. */
  readonly size: number;
  /** 0 but for a device. */
  readonly major: number;
  readonly minor: number;
  /** Of a link. */
  readonly target?: ByteString;
  /** Those of a listing, in its form. */
  readonly xattrs: readonly Xattr[];
  /** overlayfs's own, by the name after the prefix, values as they are. */
  readonly overlayXattrs: ReadonlyMap<string, Uint8Array>;
  /** The topmost layer that has the entry: an index of `layers`. */
  readonly layer: number;
}

export interface LookupOptions {
  /** Merge the layers by overlayfs's rules. Without it there is one layer, and a whiteout is a character device 0:0. */
  readonly overlay?: OverlayFormat | undefined;
  /** Which overlay attributes to read without `overlay`. Default `trusted.overlay.` */
  readonly xattrPrefix?: OverlayXattrPrefix | undefined;
  readonly idMappings?: IdMappings | undefined;
}

/**
 * What a path is; undefined where nothing is there. No link is followed: below one there is nothing.
 *
 * @param layers topmost first
 * @param path below the root without `./`; empty is the root
 * @throws {DigestError} as `digestRootfs`; `foreign-mount` where another mount is on the way
 */
export function lookupEntry(
  layers: readonly TreeRoot[],
  path: ByteString,
  options: LookupOptions,
): FoundEntry | undefined {
  const overlayXattrs = options.xattrPrefix ?? 'trusted.overlay.';
  using reader = new TreeReader(layers, { ...options, overlayXattrs });
  const place = findPlace(reader, path);
  return place && describe(reader, place, path);
}

/**
 * The names in a directory of one layer as it lies on disk, in the order of their bytes.
 *
 * @throws {DigestError} `unreadable`, also if the path is no directory
 */
export function readNames(layer: TreeRoot, path: ByteString): ByteString[] {
  using reader = new TreeReader([layer], {});
  const place = findPlace(reader, path);
  const part = place?.found.parts[0];
  if (place === undefined || part === undefined) {
    throw new DigestError('unreadable', `expected a directory at ${quotePath(path)}`);
  }
  return readSortedNames(reader.openDirectory(part, place.name, path).fd, path);
}

interface Place {
  readonly found: FoundName;
  readonly name: ByteString;
}

function findPlace(reader: TreeReader, path: ByteString): Place | undefined {
  let directories: readonly HeldDirectory[] = reader.openRoots();
  if (path === '') return placeOf(reader.find(directories, '.', ''), '.', '');
  let above = '';
  const names = path.split('/');
  for (const [index, name] of names.entries()) {
    if (!isName(name)) {
      throw new DigestError(
        'unreadable',
        `expected a path of plain names, found ${quotePath(path)}`,
      );
    }
    const at = joinPath(above, name);
    const place = placeOf(reader.find(directories, name, at), name, at);
    if (place === undefined || index === names.length - 1) return place;
    const opened = place.found.parts.map((part) => reader.openDirectory(part, name, at));
    for (const directory of directories) directory.release();
    directories = opened;
    above = at;
  }
  return undefined;
}

function placeOf(
  result: ReturnType<TreeReader['find']>,
  name: ByteString,
  path: ByteString,
): Place | undefined {
  if (result === undefined || result === WHITEOUT) return undefined;
  if (result === FOREIGN_MOUNT) {
    throw new DigestError('foreign-mount', `another mount lies at ${quotePath(path)}`);
  }
  return { found: result, name };
}

function describe(reader: TreeReader, { found, name }: Place, path: ByteString): FoundEntry {
  const entry = readEntry(found, name, path, reader.owners);
  return {
    kind: entry.kind,
    mode: found.facts.permissions,
    uid: reader.owners.uid(found.facts.uid),
    gid: reader.owners.gid(found.facts.gid),
    size: entry.kind === 'file' ? entry.size : 0,
    major: found.facts.major,
    minor: found.facts.minor,
    ...(entry.kind === 'link' ? { target: entry.target } : {}),
    xattrs: found.xattrs.listed,
    overlayXattrs: found.xattrs.overlay,
    layer: found.parent.layer,
  };
}

/**
 * The content of a regular file of one layer, read as `digestRootfs` reads contents.
 *
 * @param maxBytes a longer file is refused
 * @throws {DigestError} `unreadable`, `changed`
 */
export function readFileBytes(layer: TreeRoot, path: ByteString, maxBytes: number): Uint8Array {
  using reader = new TreeReader([layer], {});
  const place = findPlace(reader, path);
  if (place === undefined || place.found.facts.format !== Format.file) {
    throw new DigestError('unreadable', `expected a regular file at ${quotePath(path)}`);
  }
  const { found, name } = place;
  const size = found.facts.size;
  if (size > maxBytes) {
    throw new DigestError(
      'unreadable',
      `expected at most ${maxBytes} bytes in ${quotePath(path)}, found ${size}`,
    );
  }
  const expected = stateOf(found.facts);
  let fd = -1;
  const open = (): void => {
    fd = openAt(found.parent.fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  };
  if (isRoot()) openWithoutRoot(open);
  else open();
  if (fd < 0) throw unreadable('open', path, fd);
  try {
    return readExactly(fd, size, expected, path);
  } finally {
    close(fd);
  }
}

function readExactly(fd: number, size: number, expected: FileState, path: ByteString): Uint8Array {
  const content = Buffer.alloc(size);
  const count = size === 0 ? 0 : uninterrupted(() => read(fd, content, size));
  if (count < 0) throw unreadable('read', path, count);
  const facts = new FileFacts();
  const result = statDescriptor(fd, facts.address);
  if (result < 0) throw unreadable('examine', path, result);
  if (!isState(facts, expected)) {
    const difference = describeDifference(expected, stateOf(facts));
    throw changed(path, difference.expected, difference.found);
  }
  if (count !== size) throw changed(path, 'as many bytes as its size', 'fewer');
  return content;
}
