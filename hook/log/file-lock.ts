import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  statSync,
  writeSync,
} from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { monotonicMs } from '#digest/monotonic-clock';
import { HookError } from '#hook/errors';
import { tryLock } from '#hook/libc';

/** An exclusive flock(2). A process that inherits `fd` holds it too. */
export interface FileLock extends Disposable {
  readonly fd: number;
}

const EINTR = 4;
const EWOULDBLOCK = 11;
/** Fifty hooks that look a hundred times a second leave the one that holds the lock no time to work (seen). */
const MIN_POLL_MS = 5;
const MAX_POLL_MS = 100;

/**
 * Waits for the lock, by trying: a blocking flock cannot be given up without a signal.
 * @throws HookError 'lock' once `timeoutMs` have passed, naming the holder as far as the file knows it; 'log' if it cannot be opened
 */
export async function lockFile(path: string, timeoutMs: number): Promise<FileLock> {
  const deadline = monotonicMs() + timeoutMs;
  for (;;) {
    const fd = await lockWhatIsAt(path, deadline, timeoutMs);
    if (isStillAt(path, fd)) return { fd, [Symbol.dispose]: () => closeSync(fd) };
    // The state directory was removed while this hook waited: whoever comes now locks another file.
    closeSync(fd);
  }
}

async function lockWhatIsAt(path: string, deadline: number, timeoutMs: number): Promise<number> {
  const fd = open(path);
  try {
    const begin = monotonicMs();
    for (;;) {
      const errno = tryLock(fd);
      if (errno === 0) break;
      if (errno !== EWOULDBLOCK && errno !== EINTR) {
        throw new HookError('lock', `cannot lock ${JSON.stringify(path)}: error ${errno}`);
      }
      const now = monotonicMs();
      if (now >= deadline) throw heldBy(path, fd, timeoutMs);
      const pollMs = Math.min(MIN_POLL_MS + (now - begin) / 20, MAX_POLL_MS, deadline - now);
      // Not in step with the others that wait.
      await sleep(pollMs * (0.5 + Math.random()));
    }
    signLock(fd);
    return fd;
  } catch (thrown) {
    closeSync(fd);
    throw thrown;
  }
}

function isStillAt(path: string, fd: number): boolean {
  const there = statSync(path, { throwIfNoEntry: false });
  const held = fstatSync(fd);
  return there?.ino === held.ino && there.dev === held.dev;
}

function open(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW, 0o600);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HookError('log', `cannot open ${JSON.stringify(path)}: ${reason}`, { cause });
  }
}

/** For messages alone: a full disk must not stop a hook here. */
function signLock(fd: number): void {
  try {
    ftruncateSync(fd, 0);
    writeSync(fd, Buffer.from(`${process.pid}\n`), 0);
  } catch {
    // The lock is held all the same.
  }
}

function heldBy(path: string, fd: number, timeoutMs: number): HookError {
  const pid = /^[0-9]{1,10}$/.exec(readFileSync(fd, 'utf8').trim())?.[0];
  const holder =
    pid === undefined ? 'another hook' : `the hook with pid ${pid}, or its tpm2 command`;
  return new HookError('lock', `${JSON.stringify(path)} was held by ${holder} for ${timeoutMs} ms`);
}
