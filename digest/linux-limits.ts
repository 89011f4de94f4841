/** Limits of Linux, in bytes: include/uapi/linux/limits.h. */
export const NAME_MAX = 255;
/** With the NUL at its end. */
export const PATH_MAX = 4096;
export const XATTR_NAME_MAX = 255;
export const XATTR_LIST_MAX = 65_536;
export const XATTR_SIZE_MAX = 65_536;
