/**
 * The mount API of Linux 5.2 and later, which mounts without a mount point. The C library of Debian 12 has functions
 * for it, older ones have not; the numbers are the same on every architecture.
 */
const SYS_fsopen = 430;
const SYS_fsconfig = 431;
const SYS_fsmount = 432;

const FSOPEN_CLOEXEC = 1;
const FSMOUNT_CLOEXEC = 1;
const MOUNT_ATTR_RDONLY = 0x1;
const MOUNT_ATTR_NOSUID = 0x2;
const MOUNT_ATTR_NODEV = 0x4;
const MOUNT_ATTR_NOEXEC = 0x8;
const READ_ONLY = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;

/** `enum fsconfig_command` (include/uapi/linux/mount.h) */
export const FSCONFIG = { setFlag: 0, setString: 1, create: 6 } as const;

type Syscalls = ReturnType<typeof load>;

let loaded: Syscalls | undefined;

function load() {
  const ffi = process.getBuiltinModule('node:ffi');
  const word = 'i32';
  const errno = ffi.dlopen(null, { __errno_location: { arguments: [], return: 'pointer' } });
  // A library gives one symbol one signature, so each of the three opens it anew.
  const define = <const T extends readonly ('i32' | 'buffer')[]>(...types: T) =>
    ffi.dlopen(null, { syscall: { arguments: types, return: word } }).functions.syscall;
  const address = errno.functions.__errno_location();
  return {
    errno: (): number => ffi.getInt32(address, 0),
    fsopen: define(word, 'buffer', word),
    fsconfig: define(word, word, word, 'buffer', 'buffer', word),
    fsmount: define(word, word, word, word),
  };
}

function system(): Syscalls {
  return (loaded ??= load());
}

const EIO = 5;

/** What the kernel returns, or the negated errno. A failure stays one even if errno was lost on the way. */
function result(value: number): number {
  return value === -1 ? -(system().errno() || EIO) : value;
}

function cString(text: string): Buffer;
function cString(text: string | null): Buffer | null;
function cString(text: string | null): Buffer | null {
  return text === null ? null : Buffer.from(`${text}\0`, 'latin1');
}

export function openFilesystem(type: string): number {
  return result(system().fsopen(SYS_fsopen, cString(type), FSOPEN_CLOEXEC));
}

export function configureMount(
  context: number,
  command: number,
  key: string | null,
  value: string | null,
): number {
  return result(system().fsconfig(SYS_fsconfig, context, command, cString(key), cString(value), 0));
}

/** @returns an O_PATH descriptor of the mount's root; closing it unmounts what was not attached */
export function createMount(context: number): number {
  return result(system().fsmount(SYS_fsmount, context, FSMOUNT_CLOEXEC, READ_ONLY));
}
