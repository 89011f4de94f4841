import { DigestError } from './errors.ts';
import { describeErrno } from './system-error.ts';
import { withoutRoot } from './thread-credentials.ts';

/**
 * Runs `open` while the calling thread is not root. Reading from what it opens may be done as root again: the kernel
 * measures a file when it is opened.
 *
 * @throws {DigestError} `unreadable` if root cannot be given up; nothing was opened then
 */
export function openWithoutRoot(open: () => void): void {
  const errno = withoutRoot(open);
  if (errno === 0) return;
  throw new DigestError(
    'unreadable',
    `could not give up root before opening files: ${describeErrno(errno)}`,
  );
}
