import { DigestError } from './errors.ts';
import type { OwnerMapping } from './owner-mapping.ts';

// struct posix_acl_xattr_header and _entry, include/uapi/linux/posix_acl_xattr.h; all fields little-endian.
const VERSION = 2;
const HEADER_SIZE = 4;
const ENTRY_SIZE = 8;
const ID_OFFSET = 4;
const NO_ID = 0xffffffff;

const Tag = { userOwner: 0x01, user: 0x02, groupOwner: 0x04, group: 0x08, mask: 0x10, other: 0x20 };
const MODE_TAGS = new Set([Tag.userOwner, Tag.groupOwner, Tag.other]);
const TAGS = new Set(Object.values(Tag));

/**
 * The canonical form of a POSIX ACL (docs/rootfs-digest.md, "Extended attributes"), or undefined if it says
 * nothing beyond the mode. The order of the entries is the kernel's.
 *
 * @throws {DigestError} `unrepresentable`, or `unmapped-id`.
 */
export function canonicalAcl(
  kind: 'access' | 'default',
  value: Uint8Array,
  owners: OwnerMapping,
): Uint8Array | undefined {
  const canonical = new Uint8Array(value);
  const view = new DataView(canonical.buffer);
  if (!hasHeader(view)) throw unrepresentable(value);
  let saysMore = kind === 'default' && canonical.length > HEADER_SIZE;
  for (let at = HEADER_SIZE; at < canonical.length; at += ENTRY_SIZE) {
    const tag = view.getUint16(at, true);
    if (!TAGS.has(tag)) throw unrepresentable(value);
    view.setUint32(
      at + ID_OFFSET,
      containerID(tag, view.getUint32(at + ID_OFFSET, true), owners),
      true,
    );
    saysMore ||= !MODE_TAGS.has(tag);
  }
  return saysMore ? canonical : undefined;
}

function hasHeader(view: DataView): boolean {
  return (
    view.byteLength >= HEADER_SIZE &&
    (view.byteLength - HEADER_SIZE) % ENTRY_SIZE === 0 &&
    view.getUint32(0, true) === VERSION
  );
}

function containerID(tag: number, id: number, owners: OwnerMapping): number {
  if (tag === Tag.user) return owners.uid(id);
  if (tag === Tag.group) return owners.gid(id);
  return NO_ID;
}

function unrepresentable(value: Uint8Array): DigestError {
  return new DigestError(
    'unrepresentable',
    `expected a POSIX ACL of version 2, found ${value.toHex()}`,
  );
}
