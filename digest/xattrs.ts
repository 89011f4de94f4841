import { canonicalXattr, isListedXattr } from './canonical-xattrs.ts';
import type { ByteString, Xattr } from './entry.ts';
import { XATTR_LIST_MAX, XATTR_SIZE_MAX } from './linux-limits.ts';
import {
  ENODATA,
  ENOENT,
  EOPNOTSUPP,
  ERANGE,
  getXattr,
  listXattrs,
  Memory,
} from './linux-syscalls.ts';
import type { OwnerMapping } from './owner-mapping.ts';
import { atPath, changed, unreadable } from './system-error.ts';

const space = new Memory(Math.max(XATTR_LIST_MAX, XATTR_SIZE_MAX));
/** Enough for most lists. The kernel allocates what it is offered: all of the space costs 0.7 µs (measured). */
const USUAL_LENGTH = 512;

export type OverlayXattrPrefix = 'trusted.overlay.' | 'user.overlay.';

/** What an entry's extended attributes say that matters here. */
export interface EntryXattrs {
  /** In the listing's form and order. */
  readonly listed: readonly Xattr[];
  /** overlayfs's own, by the name after the prefix, values as they are. */
  readonly overlay: ReadonlyMap<string, Uint8Array>;
}

const NOTHING: EntryXattrs = { listed: [], overlay: new Map() };

/**
 * Reads the extended attributes of a name in the *working* directory.
 *
 * @param path for messages
 * @param overlayPrefix undefined: overlayfs's own are not read
 * @throws {DigestError} `unreadable`, `changed`, `unmapped-id`, `unrepresentable`
 */
export function readXattrs(
  name: ByteString,
  path: ByteString,
  owners: OwnerMapping,
  overlayPrefix: OverlayXattrPrefix | undefined,
): EntryXattrs {
  let length = listXattrs(name, space.address, USUAL_LENGTH);
  if (length === -ERANGE) length = listXattrs(name, space.address, space.bytes.length);
  if (length === 0 || length === -EOPNOTSUPP) return NOTHING;
  if (length === -ENOENT) throw changed(path, 'what its directory lists', 'nothing');
  if (length < 0) throw unreadable('list the extended attributes of', path, length);

  const listed: Xattr[] = [];
  const overlay = new Map<string, Uint8Array>();
  for (const attribute of space.bytes
    .toString('latin1', 0, length - 1)
    .split('\0')
    .toSorted()) {
    if (isListedXattr(attribute)) {
      const value = inListingForm(attribute, readValue(name, attribute, path), owners, path);
      if (value !== undefined) listed.push({ name: attribute, value });
    } else if (overlayPrefix !== undefined && attribute.startsWith(overlayPrefix)) {
      overlay.set(attribute.slice(overlayPrefix.length), readValue(name, attribute, path));
    }
  }
  return { listed, overlay };
}

function inListingForm(
  attribute: string,
  value: Uint8Array,
  owners: OwnerMapping,
  path: ByteString,
): Uint8Array | undefined {
  try {
    return canonicalXattr(attribute, value, owners);
  } catch (error) {
    throw atPath(path, error);
  }
}

function readValue(name: ByteString, attribute: string, path: ByteString): Uint8Array {
  const length = getXattr(name, Buffer.from(`${attribute}\0`, 'latin1'), space);
  if (length === -ENODATA || length === -ENOENT) {
    throw changed(path, `the attribute ${JSON.stringify(attribute)}`, 'none');
  }
  if (length < 0) throw unreadable(`read ${JSON.stringify(attribute)} of`, path, length);
  return new Uint8Array(space.bytes.subarray(0, length));
}
