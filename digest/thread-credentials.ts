/**
 * Reading files without being root, keeping only the right to read every file: under `ima_policy=tcb` the kernel adds
 * each file that root opens to its measurement list, thousands for one container start.
 *
 * It concerns the calling thread alone. The C library's setresuid would change every thread of the process
 * (nptl(7), "C library/kernel differences"); the system call changes one.
 */
import { cFunctions, lastErrno } from './c-library.ts';

const SYS_SETRESUID: Readonly<Record<string, number>> = { x64: 117, arm64: 147 };

/** Reserved: no file and no process has it. Not 65534 (nobody has processes), not −1 (unchanged). */
const READER_UID = 4294967293;
const READER_UIDS: Uids = [READER_UID, READER_UID, READER_UID];
const PR_SET_KEEPCAPS = 8;
const LINUX_CAPABILITY_VERSION_3 = 0x20080522;
const CAP_DAC_READ_SEARCH = 1 << 2;

const EPERM = 1;
const ENOSYS = 38;

/** As capset(2) takes them: effective, permitted and inheritable bits 0–31, then bits 32–63 of each. */
type Capabilities = Uint32Array;
/** Real, effective, saved. */
type Uids = readonly [number, number, number];

class SystemCallFailed extends Error {
  readonly errno: number;

  constructor(name: string, errno: number) {
    super(`${name} failed with errno ${errno}`);
    this.errno = errno;
  }
}

/** Whether the process has root's rights, by its effective user id. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/**
 * Gives up root in this thread, for good.
 *
 * @returns 0, or the errno of what failed: the thread must not read files then
 */
export function dropRoot(): number {
  const credentials = loadCredentials();
  return errnoOf(() => becomeReader(credentials, []));
}

/**
 * Gives up root in this thread while `use` runs.
 *
 * @returns 0, or the errno of what failed: `use` did not run then
 */
export function withoutRoot(use: () => void): number {
  const credentials = loadCredentials();
  const uids = credentials.uids();
  const capabilities = credentials.capabilities();
  try {
    const errno = errnoOf(() => becomeReader(credentials, permitted(capabilities)));
    if (errno === 0) use();
    return errno;
  } finally {
    credentials.setCapabilities(capabilities);
    credentials.setUids(uids);
    // Changing from another id to root's changes the capabilities once more.
    credentials.setCapabilities(capabilities);
    credentials.keepCapabilities(false);
  }
}

function errnoOf(use: () => void): number {
  try {
    use();
    return 0;
  } catch (error) {
    if (error instanceof SystemCallFailed) return error.errno;
    throw error;
  }
}

const permitted = (capabilities: Capabilities): readonly number[] => [
  capabilities[1] ?? 0,
  capabilities[4] ?? 0,
];

/** @param kept permitted capabilities, to come back with; the effective one is always CAP_DAC_READ_SEARCH alone */
function becomeReader(credentials: Credentials, [low = 0, high = 0]: readonly number[]): void {
  // Without it the kernel would take all capabilities away with the last id that is root's.
  credentials.keepCapabilities(true);
  credentials.setUids(READER_UIDS);
  const wanted = new Uint32Array([CAP_DAC_READ_SEARCH, low | CAP_DAC_READ_SEARCH, 0, 0, high, 0]);
  credentials.setCapabilities(wanted);
  // Believed only when seen: a thread that stayed root would fill the kernel's list without any other sign.
  const found = credentials.capabilities();
  const isReader =
    credentials.uids().every((uid) => uid === READER_UID) &&
    found.every((bits, index) => bits === wanted[index]);
  if (!isReader) throw new SystemCallFailed('setresuid', EPERM);
}

function check(name: string, result: number): void {
  if (result !== 0) throw new SystemCallFailed(name, lastErrno());
}

type Credentials = ReturnType<typeof load>;

let loaded: Credentials | undefined;

function loadCredentials(): Credentials {
  return (loaded ??= load());
}

function load() {
  const functions = cFunctions({
    prctl: { arguments: ['i32', 'i32', 'i32', 'i32', 'i32'], return: 'i32' },
    syscall: { arguments: ['i32', 'u32', 'u32', 'u32'], return: 'i32' },
    capset: { arguments: ['buffer', 'buffer'], return: 'i32' },
    capget: { arguments: ['buffer', 'buffer'], return: 'i32' },
    getresuid: { arguments: ['buffer', 'buffer', 'buffer'], return: 'i32' },
  });
  const header = new Uint32Array([LINUX_CAPABILITY_VERSION_3, 0]);
  return {
    keepCapabilities: (keep: boolean): void =>
      check('prctl', functions.prctl(PR_SET_KEEPCAPS, keep ? 1 : 0, 0, 0, 0)),
    setUids(uids: Uids): void {
      const number = SYS_SETRESUID[process.arch];
      if (number === undefined) throw new SystemCallFailed('setresuid', ENOSYS);
      check('setresuid', functions.syscall(number, ...uids));
    },
    uids(): Uids {
      const real = new Uint32Array(1);
      const effective = new Uint32Array(1);
      const saved = new Uint32Array(1);
      check('getresuid', functions.getresuid(real, effective, saved));
      return [real[0] ?? 0, effective[0] ?? 0, saved[0] ?? 0];
    },
    setCapabilities: (sets: Capabilities): void => check('capset', functions.capset(header, sets)),
    capabilities(): Capabilities {
      const sets = new Uint32Array(6);
      check('capget', functions.capget(header, sets));
      return sets;
    },
  };
}
