import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { NAME_MAX } from './linux-limits.ts';
import { Memory, readDirectory, uninterrupted } from './linux-syscalls.ts';
import { quotePath } from './listing-path.ts';
import { unreadable } from './system-error.ts';

// struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name.
const RECORD_LENGTH_OFFSET = 16;
const NAME_OFFSET = 19;

const entries = new Memory(256 * 1024);

/**
 * The names in an open directory, without `.` and `..`, in the order of their bytes.
 *
 * @param directory a descriptor at its beginning
 * @param path for messages
 * @throws {DigestError} `unreadable`, `unrepresentable`
 */
export function readSortedNames(directory: number, path: ByteString): ByteString[] {
  const names: ByteString[] = [];
  for (;;) {
    const length = uninterrupted(() => readDirectory(directory, entries));
    if (length < 0) throw unreadable('read directory', path, length);
    if (length === 0) break;
    appendNames(length, names, path);
  }
  // A directory that is written to while it is read may give a name twice.
  const sorted = names.toSorted();
  return sorted.filter((name, index) => name !== sorted[index - 1]);
}

function appendNames(length: number, names: ByteString[], path: ByteString): void {
  const buffer = entries.bytes;
  for (let at = 0; at < length; ) {
    const recordLength = buffer.readUInt16LE(at + RECORD_LENGTH_OFFSET);
    const start = at + NAME_OFFSET;
    const name = buffer.toString('latin1', start, buffer.indexOf(0, start));
    // Some foreign file systems have longer ones.
    if (name.length > NAME_MAX) throw tooLong(name, path);
    if (name !== '.' && name !== '..') names.push(name);
    at += recordLength;
  }
}

function tooLong(name: ByteString, path: ByteString): DigestError {
  return new DigestError(
    'unrepresentable',
    `expected names of at most ${NAME_MAX} bytes in ${quotePath(path)}, found one of ${name.length}`,
  );
}
