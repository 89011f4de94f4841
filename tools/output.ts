import { writeSync } from 'node:fs';
import { systemErrorCode } from '#digest/system-error-code';
import { ToolError } from './errors.ts';

export const STDOUT = 1;
export const STDERR = 2;
const RETRY_MS = 5;

/**
 * Writes to standard output and returns when all of it is written: a listing is made synchronously, so a slow
 * reader has to slow its maker down.
 *
 * @throws ToolError `output-closed`, `output`
 */
export function writeOut(data: string | Uint8Array): void {
  try {
    writeAll(STDOUT, data);
  } catch (cause) {
    if (systemErrorCode(cause) === 'EPIPE') {
      throw new ToolError('output-closed', 'the reader of standard output went away', { cause });
    }
    throw new ToolError('output', `could not write to standard output: ${String(cause)}`, {
      cause,
    });
  }
}

/** Writes to standard error; where nobody reads that, there is nobody left to tell. */
export function writeError(text: string): void {
  try {
    writeAll(STDERR, text);
  } catch {
    // Deliberate: see above.
  }
}

function writeAll(fd: number, data: string | Uint8Array): void {
  let rest = typeof data === 'string' ? Buffer.from(data) : data;
  while (rest.length > 0) rest = rest.subarray(writeSome(fd, rest));
}

function writeSome(fd: number, data: Uint8Array): number {
  try {
    return writeSync(fd, data);
  } catch (error) {
    // A pipe that its other end made non-blocking is full: ordinary for `| less` and for parents written in Node.
    if (systemErrorCode(error) !== 'EAGAIN') throw error;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    return 0;
  }
}
