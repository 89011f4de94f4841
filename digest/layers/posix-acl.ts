import {
  ACL_VERSION,
  ENTRY_SIZE,
  HEADER_SIZE,
  ID_OFFSET,
  NO_ID,
  PERMISSIONS_OFFSET,
  Tag,
} from '#digest/acl-format';

export type AclFailure = 'EINVAL' | 'EOPNOTSUPP';

interface AclEntry {
  readonly tag: number;
  readonly permissions: number;
  readonly id: number;
}

export interface Acl {
  readonly entries: readonly AclEntry[];
}

/** fs/posix_acl.c, posix_acl_from_xattr() and posix_acl_valid(). Without entries it removes what was there. */
export function parseAcl(value: Uint8Array): Acl | AclFailure {
  if (value.length === 0) return { entries: [] };
  if (value.length < HEADER_SIZE) return 'EINVAL';
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  if (view.getUint32(0, true) !== ACL_VERSION) return 'EOPNOTSUPP';
  if ((value.length - HEADER_SIZE) % ENTRY_SIZE !== 0) return 'EINVAL';
  const entries: AclEntry[] = [];
  for (let at = HEADER_SIZE; at < value.length; at += ENTRY_SIZE) {
    const tag = view.getUint16(at, true);
    const isNamed = tag === Tag.user || tag === Tag.group;
    const id = view.getUint32(at + ID_OFFSET, true);
    if (isNamed && id === NO_ID) return 'EINVAL';
    entries.push({
      tag,
      permissions: view.getUint16(at + PERMISSIONS_OFFSET, true),
      id: isNamed ? id : NO_ID,
    });
  }
  return entries.length === 0 || isValid(entries) ? { entries } : 'EINVAL';
}

/** The order in which tags stand: the owner, users, the owning group, groups, the mask where one is needed, others. */
const PLACES: readonly number[] = [
  Tag.userOwner,
  Tag.user,
  Tag.groupOwner,
  Tag.group,
  Tag.mask,
  Tag.other,
];

function isValid(entries: readonly AclEntry[]): boolean {
  const count = (tag: number): number => entries.filter((entry) => entry.tag === tag).length;
  const isNamed = count(Tag.user) + count(Tag.group) > 0;
  return (
    entries.every(
      ({ tag, permissions }, i) =>
        permissions <= 7 &&
        PLACES.includes(tag) &&
        (i === 0 || PLACES.indexOf(tag) >= PLACES.indexOf(entries[i - 1]?.tag ?? 0)),
    ) &&
    count(Tag.userOwner) === 1 &&
    count(Tag.groupOwner) === 1 &&
    count(Tag.other) === 1 &&
    count(Tag.mask) <= 1 &&
    (count(Tag.mask) === 1 || !isNamed)
  );
}

/** As the kernel returns it. */
export function encodeAcl({ entries }: Acl): Uint8Array {
  const value = new Uint8Array(HEADER_SIZE + entries.length * ENTRY_SIZE);
  const view = new DataView(value.buffer);
  view.setUint32(0, ACL_VERSION, true);
  for (const [i, { tag, permissions, id }] of entries.entries()) {
    const at = HEADER_SIZE + i * ENTRY_SIZE;
    view.setUint16(at, tag, true);
    view.setUint16(at + PERMISSIONS_OFFSET, permissions, true);
    view.setUint32(at + ID_OFFSET, id, true);
  }
  return value;
}

/** Whether it says more than nine permission bits can (posix_acl_equiv_mode()). */
export function saysMoreThanMode({ entries }: Acl): boolean {
  return entries.some(({ tag }) => tag === Tag.user || tag === Tag.group || tag === Tag.mask);
}

/** The nine permission bits that stand for it: the mask is the group's where there is one. */
export function permissionsOf(acl: Acl): number {
  const permissions = (tag: number): number | undefined =>
    acl.entries.find((entry) => entry.tag === tag)?.permissions;
  const group = permissions(Tag.mask) ?? permissions(Tag.groupOwner) ?? 0;
  return ((permissions(Tag.userOwner) ?? 0) << 6) | (group << 3) | (permissions(Tag.other) ?? 0);
}

/** What chmod(2) makes of it (posix_acl_chmod()). */
export function changePermissions(acl: Acl, mode: number): Acl {
  const groupTag = acl.entries.some(({ tag }) => tag === Tag.mask) ? Tag.mask : Tag.groupOwner;
  const bits = new Map<number, number>([
    [Tag.userOwner, (mode >> 6) & 7],
    [groupTag, (mode >> 3) & 7],
    [Tag.other, mode & 7],
  ]);
  const entries = acl.entries.map((entry) => ({
    ...entry,
    permissions: bits.get(entry.tag) ?? entry.permissions,
  }));
  return { entries };
}
