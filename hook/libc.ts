/** The system calls that Node has no function for, by node:ffi. */
import { cFunctions, lastErrno, result } from '#digest/c-library';

const libc = cFunctions({
  flock: { arguments: ['i32', 'i32'], return: 'i32' },
  fallocate: { arguments: ['i32', 'i32', 'i64', 'i64'], return: 'i32' },
  clock_gettime: { arguments: ['i32', 'buffer'], return: 'i32' },
  poll: { arguments: ['buffer', 'u32', 'i32'], return: 'i32' },
});

const LOCK_EX = 2;
const LOCK_NB = 4;
const FALLOC_FL_KEEP_SIZE = 1;
const POLLIN = 1;
const CLOCK_BOOTTIME = 7;

/** flock(2), exclusive and without waiting: 0, or errno. */
export function tryLock(fd: number): number {
  return libc.flock(fd, LOCK_EX | LOCK_NB) === 0 ? 0 : lastErrno();
}

/** poll(2): 1 if there is something to read, or the end, or an error that reading will tell; 0 when time is up; the negated errno. */
export function waitForInput(fd: number, milliseconds: number): number {
  // struct pollfd: int fd, short events, short revents.
  const pollfd = new Int32Array([fd, POLLIN]);
  return result(libc.poll(new Uint8Array(pollfd.buffer), 1, Math.ceil(milliseconds)));
}

/** fallocate(2) beyond the end of a file, whose size stays: 0, or errno. */
export function reserve(fd: number, offset: number, bytes: number): number {
  return libc.fallocate(fd, FALLOC_FL_KEEP_SIZE, BigInt(offset), BigInt(bytes)) === 0
    ? 0
    : lastErrno();
}

/** Microseconds since boot, time asleep included. */
export function bootTimeMicroseconds(): number {
  const timespec = new BigInt64Array(2);
  libc.clock_gettime(CLOCK_BOOTTIME, new Uint8Array(timespec.buffer));
  const [seconds = 0n, nanoseconds = 0n] = timespec;
  return Number(seconds) * 1_000_000 + Math.floor(Number(nanoseconds) / 1000);
}
