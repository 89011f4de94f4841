import { ACL_VERSION, ENTRY_SIZE, HEADER_SIZE, ID_OFFSET, NO_ID, Tag } from './acl-format.ts';
import { DigestError } from './errors.ts';
import type { OwnerMapping } from './owner-mapping.ts';

const MODE_TAGS: ReadonlySet<number> = new Set([Tag.userOwner, Tag.groupOwner, Tag.other]);
const TAGS: ReadonlySet<number> = new Set(Object.values(Tag));

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
    view.getUint32(0, true) === ACL_VERSION
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
    `expected a POSIX ACL of version ${ACL_VERSION}, found ${value.toHex()}`,
  );
}
