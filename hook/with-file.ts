import { closeSync, constants, openSync } from 'node:fs';

const PRIVATE = 0o600;

/**
 * Opens a file, following no link at the end of its path, and closes it whatever comes of it.
 *
 * @param flags of open(2); what is made is of mode 0600
 */
export function withFile<T>(path: string, flags: number, use: (fd: number) => T): T {
  const fd = openSync(path, flags | constants.O_NOFOLLOW, PRIVATE);
  try {
    return use(fd);
  } finally {
    closeSync(fd);
  }
}
