/**
 * The mount API of Linux 5.2 and later, which mounts without a mount point. The C library of Debian 12 has functions
 * for it, older ones have not; the numbers are the same on every architecture.
 */
import { cFunctions, result } from '#digest/c-library';

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
  const word = 'i32';
  // A library gives one symbol one signature, so each of the three opens it anew.
  const define = <const T extends readonly ('i32' | 'buffer')[]>(...types: T) =>
    cFunctions({ syscall: { arguments: types, return: word } }).syscall;
  return {
    fsopen: define(word, 'buffer', word),
    fsconfig: define(word, word, word, 'buffer', 'buffer', word),
    fsmount: define(word, word, word, word),
  };
}

function system(): Syscalls {
  return (loaded ??= load());
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
