/** The system calls for records that Node has no function for, by node:ffi. They return a count, or the negated errno. */
import { cFunctions, result } from '#digest/c-library';
import { XATTR_SIZE_MAX } from '#digest/linux-limits';

const libc = cFunctions({
  fsetxattr: { arguments: ['i32', 'buffer', 'buffer', 'u32', 'i32'], return: 'i32' },
  lgetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'u32'], return: 'i32' },
  // Variadic, which changes nothing for a number and a pointer on x86-64 and arm64.
  ioctl: { arguments: ['i32', 'u32', 'buffer'], return: 'i32' },
});

const ENODATA = 61;

/** `_IOR('f', 44, struct fsuuid)` with `{ u32 length; u32 flags; u8 uuid[] }`: fs/ext4/ext4.h, Linux 6.0 */
const EXT4_IOC_GETFSUUID = 0x80_08_66_2c;
const UUID_BYTES = 16;

const attribute = Buffer.from('security.ima\0');

export function setSignature(fd: number, signature: Uint8Array): number {
  return result(libc.fsetxattr(fd, attribute, signature, signature.length, 0));
}

/** `security.ima` of what is at a path, a link not followed: no bytes where there is none. */
export function getSignature(path: string): Uint8Array | number {
  const into = Buffer.alloc(XATTR_SIZE_MAX);
  const length = result(libc.lgetxattr(Buffer.from(`${path}\0`), attribute, into, into.length));
  if (length === -ENODATA) return new Uint8Array(0);
  return length < 0 ? length : new Uint8Array(into.subarray(0, length));
}

/** The UUID of the ext4 filesystem that a descriptor is of, in 16 bytes. */
export function getExt4Uuid(fd: number): Uint8Array | number {
  const argument = Buffer.alloc(8 + UUID_BYTES);
  new DataView(argument.buffer, argument.byteOffset).setUint32(0, UUID_BYTES, true);
  const returned = result(libc.ioctl(fd, EXT4_IOC_GETFSUUID, argument));
  return returned < 0 ? returned : new Uint8Array(argument.subarray(8));
}
