/**
 * Gives up root in the calling thread alone, keeping only the right to read every file: under `ima_policy=tcb` the
 * kernel adds each file that root opens to its measurement list, thousands for one container start.
 *
 * The C library's setresuid would change every thread of the process (nptl(7)); the system call changes one.
 */
const SYS_SETRESUID: Readonly<Record<string, number>> = { x64: 117, arm64: 147 };

/** Reserved: no file and no process has it. Not 65534 (nobody, which owns processes), not −1 (unchanged). */
const READER_UID = 4294967293;
const PR_SET_KEEPCAPS = 8;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const CAP_DAC_READ_SEARCH = 1 << 2;

const ENOSYS = 38;
const EPERM = 1;

/** @returns 0, or the errno of what failed. The thread must not read anything then. */
export function dropRoot(): number {
  const setresuidNumber = SYS_SETRESUID[process.arch];
  if (setresuidNumber === undefined) return ENOSYS;
  const ffi = process.getBuiltinModule('node:ffi');
  const { functions } = ffi.dlopen(null, {
    __errno_location: { arguments: [], return: 'pointer' },
    prctl: { arguments: ['i32', 'i32', 'i32', 'i32', 'i32'], return: 'i32' },
    syscall: { arguments: ['i32', 'u32', 'u32', 'u32'], return: 'i32' },
    capset: { arguments: ['buffer', 'buffer'], return: 'i32' },
    capget: { arguments: ['buffer', 'buffer'], return: 'i32' },
    getresuid: { arguments: ['buffer', 'buffer', 'buffer'], return: 'i32' },
  });
  const errno = (): number => ffi.getInt32(functions.__errno_location(), 0);

  if (functions.prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) !== 0) return errno();
  if (functions.syscall(setresuidNumber, READER_UID, READER_UID, READER_UID) !== 0) return errno();
  const header = new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]);
  const readAll = new Uint32Array([CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, 0, 0, 0, 0]);
  if (functions.capset(header, readAll) !== 0) return errno();

  // Believed only when seen: a thread that kept root would fill the kernel's list without any other sign.
  const uids = [new Uint32Array(1), new Uint32Array(1), new Uint32Array(1)] as const;
  if (functions.getresuid(...uids) !== 0) return errno();
  const capabilities = new Uint32Array(6);
  if (functions.capget(header, capabilities) !== 0) return errno();
  const isDropped =
    uids.every(([uid]) => uid === READER_UID) && capabilities.every((set, i) => set === readAll[i]);
  return isDropped ? 0 : EPERM;
}
