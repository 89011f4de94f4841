import { closeSync, constants, openSync, readSync } from 'node:fs';
import { HookError } from '#hook/errors';

const chunkBytes = 65_536;

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
  const deadline = performance.now() + timeoutMs;
  const fd = openAgain();
  try {
    return readToEnd(fd, maxBytes, deadline);
  } finally {
    if (fd !== 0) closeSync(fd);
  }
}

/**
 * Standard input under a description of its own that does not block, so that a writer who never closes cannot hold us; the inherited
 * description is shared, and setting it non-blocking would reach the runtime. A socket cannot be opened again and is read as it is: runtimes use pipes.
 */
function openAgain(): number {
  try {
    return openSync('/proc/self/fd/0', constants.O_RDONLY | constants.O_NONBLOCK);
  } catch {
    return 0;
  }
}

function readToEnd(fd: number, maxBytes: number, deadline: number): Uint8Array {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const chunk = Buffer.alloc(chunkBytes);
  while (true) {
    const count = readChunk(fd, chunk, deadline);
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

function readChunk(fd: number, chunk: Uint8Array, deadline: number): number {
  while (true) {
    if (performance.now() > deadline) {
      throw new HookError('deadline', 'standard input did not end in time, expected an OCI state');
    }
    try {
      return readSync(fd, chunk);
    } catch (cause) {
      if (!isCode(cause, 'EAGAIN')) throw unreadable(cause);
      sleep(1);
    }
  }
}

function unreadable(cause: unknown): HookError {
  if (isCode(cause, 'EBADF')) {
    return new HookError('state', 'standard input is closed, expected an OCI state', { cause });
  }
  return new HookError('state', 'standard input cannot be read, expected an OCI state', { cause });
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

const never = new Int32Array(new SharedArrayBuffer(4));

function sleep(milliseconds: number): void {
  Atomics.wait(never, 0, 0, milliseconds);
}
