import {
  closeSync,
  fchmodSync,
  fchownSync,
  openSync,
  renameSync,
  type Stats,
  writeFileSync,
} from 'node:fs';

/**
 * Gives a file another content at once and whole, with the owner and mode that it had. A bundle does not outlive the machine's start, so nothing
 * waits for a disk.
 *
 * @param made where it is written first, in the same directory
 */
export function putText(path: string, text: string, made: string, { uid, gid, mode }: Stats): void {
  const file = openSync(made, 'wx', 0o600);
  try {
    fchownSync(file, uid, gid);
    fchmodSync(file, mode & 0o7777);
    writeFileSync(file, text);
  } finally {
    closeSync(file);
  }
  renameSync(made, path);
}
