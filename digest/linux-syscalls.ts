/**
 * The few system calls that Node has no function for: names that are bytes, directories held by descriptor, extended
 * attributes, mount ids. They return what the C library returns, or the negated errno.
 *
 * They are loaded at the first call, once per thread. Untrusted names reach the kernel as bytes and NUL only.
 */
import { cFunctions, result } from './c-library.ts';
import { PATH_MAX } from './linux-limits.ts';

export const O_RDONLY = 0;
export const O_NOCTTY = 0o400;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
// The two that differ between architectures: include/uapi/asm-generic/fcntl.h, arch/arm64/include/uapi/asm/fcntl.h.
export const O_DIRECTORY: number = process.arch === 'arm64' ? 0o40000 : 0o200000;
export const O_NOFOLLOW: number = process.arch === 'arm64' ? 0o100000 : 0o400000;
export const O_PATH = 0o10000000;

/** In place of a directory's descriptor: names are relative to the working directory. */
export const AT_FDCWD = -100;

export const ENOENT = 2;
export const EINTR = 4;
export const ENXIO = 6;
export const ENOTDIR = 20;
export const EINVAL = 22;
export const ERANGE = 34;
export const ELOOP = 40;
export const ENODATA = 61;
export const EOPNOTSUPP = 95;
export { EIO } from './c-library.ts';

/**
 * Node converts the arguments of a function with seven or more in another way, which for calls as short as these takes
 * half the time (Node 26.10, measured: 1.9 µs against 3.0 for statx). A callee does not see arguments that it does not
 * have, on x86-64 and arm64 alike.
 */
const PADDING = 'i32';

const signatures = {
  // Its fourth argument is read with O_CREAT only.
  openat: {
    arguments: ['i32', 'pointer', 'i32', PADDING, PADDING, PADDING, PADDING],
    return: 'i32',
  },
  close: {
    arguments: ['i32', PADDING, PADDING, PADDING, PADDING, PADDING, PADDING],
    return: 'i32',
  },
  read: {
    arguments: ['i32', 'pointer', 'u32', PADDING, PADDING, PADDING, PADDING],
    return: 'i32',
  },
  fchdir: {
    arguments: ['i32', PADDING, PADDING, PADDING, PADDING, PADDING, PADDING],
    return: 'i32',
  },
  statx: {
    arguments: ['i32', 'pointer', 'i32', 'u32', 'pointer', PADDING, PADDING],
    return: 'i32',
  },
  fstatfs: { arguments: ['i32', 'pointer'], return: 'i32' },
  getrlimit: { arguments: ['i32', 'pointer'], return: 'i32' },
  getdents64: { arguments: ['i32', 'pointer', 'u32'], return: 'i32' },
  readlinkat: { arguments: ['i32', 'pointer', 'pointer', 'u32'], return: 'i32' },
  llistxattr: {
    arguments: ['pointer', 'pointer', 'u32', PADDING, PADDING, PADDING, PADDING],
    return: 'i32',
  },
  lgetxattr: { arguments: ['pointer', 'pointer', 'pointer', 'u32'], return: 'i32' },
} as const;

type Functions = ReturnType<typeof load>;

let loaded: Functions | undefined;

function load() {
  // A copy, whose members V8 finds twice as fast (measured).
  return { ...cFunctions(signatures) };
}

function libc(): Functions {
  return (loaded ??= load());
}

/** Where a call reads or writes. An address is a third faster than a view (measured), and as safe as its memory is alive. */
export type Address = bigint | Uint8Array;

/** Memory with a fixed address, which must be within reach (a module's constant, a field) while its address is in use. */
export class Memory {
  readonly bytes: Buffer;
  #address: bigint | undefined;

  /** @param size there may be more: V8 moves what is smaller than 65 bytes about */
  constructor(size: number) {
    this.bytes = Buffer.allocUnsafeSlow(Math.max(size, 65));
  }

  get address(): bigint {
    return (this.#address ??= process.getBuiltinModule('node:ffi').getRawPointer(this.bytes));
  }
}

const nameSpace = new Memory(PATH_MAX);
let nameInSpace: string | undefined;

/** For short texts, half the time of a buffer's `write` (measured). @returns the bytes written, one for each character */
export function writeBytes(name: string, into: Uint8Array, at: number): number {
  for (let i = 0; i < name.length; i++) into[at + i] = name.charCodeAt(i);
  return name.length;
}

/** The bytes of a name with a NUL behind it, valid until the next call. A name is often asked about twice in a row. */
function cString(name: string): bigint {
  if (name === nameInSpace) return nameSpace.address;
  const { bytes } = nameSpace;
  if (name.length >= bytes.length || name.includes('\0')) {
    throw new RangeError(`expected at most ${bytes.length - 1} bytes without NUL`);
  }
  bytes[writeBytes(name, bytes, 0)] = 0;
  nameInSpace = name;
  return nameSpace.address;
}

/** @param name bytes, or where a name is that ends in NUL */
export function openAt(directory: number, name: string | Address, flags: number): number {
  const path = typeof name === 'string' ? cString(name) : name;
  return result(libc().openat(directory, path, flags | O_CLOEXEC, 0, 0, 0, 0));
}

export function close(descriptor: number): number {
  return result(libc().close(descriptor, 0, 0, 0, 0, 0, 0));
}

export function read(descriptor: number, into: Address, length: number): number {
  return result(libc().read(descriptor, into, length, 0, 0, 0, 0));
}

export function changeDirectory(descriptor: number): number {
  return result(libc().fchdir(descriptor, 0, 0, 0, 0, 0, 0));
}

const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_NO_AUTOMOUNT = 0x800;
const AT_EMPTY_PATH = 0x1000;
const STATX_BASIC_STATS = 0x7ff;
const STATX_MNT_ID = 0x1000;
const MASK = STATX_BASIC_STATS | STATX_MNT_ID;

/** Fills a `struct statx` (256 bytes) with a name's facts; a link's own, not its target's. */
export function statName(directory: number, name: string, into: Address): number {
  const flags = AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT;
  return result(libc().statx(directory, cString(name), flags, MASK, into, 0, 0));
}

export function statDescriptor(descriptor: number, into: Address): number {
  return result(libc().statx(descriptor, cString(''), AT_EMPTY_PATH, MASK, into, 0, 0));
}

const OVERLAYFS_SUPER_MAGIC = 0x794c7630;

/** Whether a descriptor is of a mounted overlayfs. */
export function isKernelOverlay(descriptor: number): boolean {
  const facts = Buffer.alloc(256); // struct statfs, f_type first
  return libc().fstatfs(descriptor, facts) === 0 && facts.readUInt32LE(0) === OVERLAYFS_SUPER_MAGIC;
}

export function readDirectory(descriptor: number, { address, bytes }: Memory): number {
  return result(libc().getdents64(descriptor, address, bytes.length));
}

export function readLink(directory: number, name: string, into: Uint8Array): number {
  return result(libc().readlinkat(directory, cString(name), into, into.length));
}

/** Of a name in the *working* directory: before Linux 6.13 no such call takes a directory's descriptor. */
export function listXattrs(name: string, into: Address, length: number): number {
  return result(libc().llistxattr(cString(name), into, length, 0, 0, 0, 0));
}

/** Of a name in the working directory. `attribute` ends in NUL. */
export function getXattr(name: string, attribute: Uint8Array, { address, bytes }: Memory): number {
  return result(libc().lgetxattr(cString(name), attribute, address, bytes.length));
}

const RLIMIT_NOFILE = 7;

/** How many files this process may have open. */
export function maxOpenFiles(): number {
  const limits = Buffer.alloc(16); // struct rlimit
  const failed = libc().getrlimit(RLIMIT_NOFILE, limits) !== 0;
  return failed ? 0 : Number(limits.readBigUInt64LE(0));
}

/** Runs a call again while a signal interrupts it. */
export function uninterrupted(call: () => number): number {
  for (;;) {
    const value = call();
    if (value !== -EINTR) return value;
  }
}
