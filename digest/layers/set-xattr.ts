import type { ByteString } from '#digest/entry';
import { XATTR_NAME_MAX, XATTR_SIZE_MAX } from '#digest/linux-limits';
import type { Inode } from './inode.ts';
import { encodeAcl, parseAcl, permissionsOf, saysMoreThanMode } from './posix-acl.ts';

export type XattrFailure = 'E2BIG' | 'EACCES' | 'EINVAL' | 'EOPNOTSUPP' | 'EPERM' | 'ERANGE';

const NAMESPACES = ['security.', 'trusted.', 'user.'];

/**
 * lsetxattr(2) by root in the first user namespace, on a file system with POSIX ACLs (fs/xattr.c, security/commoncap.c). Attributes that no
 * listing shows are checked and not kept. How much room the file system has for them is not asked: it differs.
 */
export function setXattr(
  inode: Inode,
  name: ByteString,
  value: Uint8Array,
): XattrFailure | undefined {
  if (name.length === 0 || name.length > XATTR_NAME_MAX) return 'ERANGE';
  if (value.length > XATTR_SIZE_MAX) return 'E2BIG';
  switch (name) {
    case 'security.capability':
      return setCapability(inode, value);
    case 'system.posix_acl_access':
    case 'system.posix_acl_default':
      return setAcl(inode, name, value);
    default:
      return checkOther(inode, name);
  }
}

function checkOther(inode: Inode, name: ByteString): XattrFailure | undefined {
  const namespace = NAMESPACES.find((prefix) => name.startsWith(prefix));
  if (namespace === undefined) return 'EOPNOTSUPP';
  const isPlain = inode.kind === 'file' || inode.kind === 'dir';
  if (namespace === 'user.' && !isPlain) return 'EPERM';
  return name === namespace ? 'EINVAL' : undefined;
}

// cap_convert_nscap(): the effective flag is the only one.
const MAGIC = [
  { size: 20, magic: 0x02000000 },
  { size: 24, magic: 0x03000000 },
];
const EFFECTIVE = 1;
const ROOT_ID_OFFSET = 20;
const NO_ID = 0xffffffff;

function setCapability(inode: Inode, value: Uint8Array): XattrFailure | undefined {
  if (value.length < 20) return 'EINVAL';
  const view = new DataView(value.buffer, value.byteOffset, value.length);
  const magic = (view.getUint32(0, true) & ~EFFECTIVE) >>> 0;
  if (!MAGIC.some((form) => form.size === value.length && form.magic === magic)) return 'EINVAL';
  if (value.length > ROOT_ID_OFFSET && view.getUint32(ROOT_ID_OFFSET, true) === NO_ID) {
    return 'EINVAL';
  }
  inode.capability = value;
  return undefined;
}

function setAcl(inode: Inode, name: ByteString, value: Uint8Array): XattrFailure | undefined {
  const acl = parseAcl(value);
  if (typeof acl === 'string') return acl;
  if (inode.kind === 'link') return 'EOPNOTSUPP';
  const isEmpty = acl.entries.length === 0;
  if (name === 'system.posix_acl_default') {
    if (inode.kind !== 'dir') return isEmpty ? undefined : 'EACCES';
    inode.defaultAcl = isEmpty ? undefined : encodeAcl(acl);
    return undefined;
  }
  inode.accessAcl = saysMoreThanMode(acl) ? encodeAcl(acl) : undefined;
  if (!isEmpty) inode.mode = (inode.mode & ~0o777) | permissionsOf(acl);
  return undefined;
}
