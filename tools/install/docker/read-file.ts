import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';

/** Far above what any of them has. */
const MAX_BYTES = 1024 * 1024;
const BYTES_AT_ONCE = 64 * 1024;
const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** The text of a regular file of others'; undefined for what is not there, not for us, another kind (a fifo would hold us up) or too large. */
export function readFileOfOthers(path: string): string | undefined {
  try {
    if (!lstatSync(path).isFile()) return undefined;
    const file = openSync(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    try {
      return fstatSync(file).isFile() ? readWhole(file) : undefined;
    } finally {
      closeSync(file);
    }
  } catch {
    return undefined;
  }
}

/** Whatever size it says: a file of /proc says 0. */
function readWhole(file: number): string | undefined {
  const chunks: Buffer[] = [];
  for (let size = 0; size <= MAX_BYTES; ) {
    const chunk = Buffer.allocUnsafe(BYTES_AT_ONCE);
    const length = readSync(file, chunk);
    if (length === 0) return Buffer.concat(chunks).toString('utf8');
    chunks.push(chunk.subarray(0, length));
    size += length;
  }
  return undefined;
}
