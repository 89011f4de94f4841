import { readSync } from 'node:fs';
import { monotonicMs } from '#digest/monotonic-clock';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import { waitForInput } from '#hook/libc';

const chunkBytes = 65_536;
const EINTR = 4;

export interface StandardInputOptions {
  /** How long to wait for its end. */
  readonly timeoutMs?: number;
}

/**
 * Reads standard input to its end. What is over `maxBytes` is read as well and thrown away: a runtime that writes to a closed pipe may die
 * of SIGPIPE, and crun would leave the container's init behind.
 *
 * @throws HookError `state`: closed, unreadable or too large; `deadline`: no end in time
 */
export function readStandardInput(
  maxBytes: number,
  { timeoutMs = 10_000 }: StandardInputOptions = {},
): Uint8Array {
  const deadline = monotonicMs() + timeoutMs;
  const chunks: Uint8Array[] = [];
  let size = 0;
  const chunk = Buffer.alloc(chunkBytes);
  while (true) {
    const count = readChunk(chunk, deadline);
    if (count === 0) break;
    size += count;
    if (size <= maxBytes) chunks.push(Uint8Array.from(chunk.subarray(0, count)));
    else chunks.length = 0;
  }
  if (size > maxBytes) {
    throw new HookError(
      'state',
      `standard input has ${size} bytes, expected an OCI state of at most ${maxBytes}`,
    );
  }
  return Buffer.concat(chunks);
}

/**
 * Reads standard input to its end for its writer's sake alone, and does not wait long for it. crun 1.8.1 dies of SIGPIPE when a hook
 * ends before it has taken up a state that does not fit into a pipe, and leaves its container behind (seen with 300 kB of annotations).
 */
export function passStandardInput(): void {
  try {
    readStandardInput(0, { timeoutMs: 1000 });
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
  }
}

/** A writer who never closes must not hold us, so nothing is read before poll(2) says that it will not block. */
function readChunk(chunk: Uint8Array, deadline: number): number {
  while (true) {
    const remaining = deadline - monotonicMs();
    if (remaining <= 0) {
      throw new HookError('deadline', 'standard input did not end in time, expected an OCI state');
    }
    if (!hasInput(remaining)) continue;
    try {
      return readSync(0, chunk);
    } catch (cause) {
      if (systemErrorCode(cause) !== 'EAGAIN') throw unreadable(cause);
    }
  }
}

function hasInput(milliseconds: number): boolean {
  const ready = waitForInput(0, milliseconds);
  if (ready >= 0) return ready > 0;
  if (ready === -EINTR) return false;
  throw unreadable(new Error(`poll: error ${-ready}`));
}

function unreadable(cause: unknown): HookError {
  return new HookError('state', 'standard input cannot be read, expected an OCI state', { cause });
}
