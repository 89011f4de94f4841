/** POSIX ACLs as extended attributes have them: include/uapi/linux/posix_acl_xattr.h. All fields are little-endian. */
export const ACL_VERSION = 2;

/** Bytes of `struct posix_acl_xattr_header`: the version. */
export const HEADER_SIZE = 4;

/** Bytes of `struct posix_acl_xattr_entry`: tag and permissions, two each, and an id. */
export const ENTRY_SIZE = 8;
export const PERMISSIONS_OFFSET = 2;
export const ID_OFFSET = 4;

/** The id of an entry that names nobody. */
export const NO_ID = 0xffffffff;

/** include/uapi/linux/posix_acl.h */
export const Tag = {
  userOwner: 0x01,
  user: 0x02,
  groupOwner: 0x04,
  group: 0x08,
  mask: 0x10,
  other: 0x20,
} as const;
