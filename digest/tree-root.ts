import { getSystemErrorName } from 'node:util';
import { DigestError } from './errors.ts';
import { AT_FDCWD, close, O_DIRECTORY, O_NOFOLLOW, O_RDONLY, openAt } from './linux-syscalls.ts';
import { describeErrno } from './system-error.ts';

/** A directory that everything is read below, held open: what its path names later does not matter. */
export interface TreeRoot extends Disposable {
  readonly fd: number;
  /** What messages call it. */
  readonly label: string;
}

/**
 * Opens a directory. Only the last component must not be a link: who names a tree answers for the way to it.
 *
 * @throws {DigestError} `unreadable`
 */
export function openTreeRoot(path: string): TreeRoot {
  // A trailing slash would let the kernel follow a link in the last component.
  const withoutSlash = path.replace(/(?<=[^/])\/+$/, '');
  const name = Buffer.from(`${withoutSlash}\0`, 'utf8');
  if (name.indexOf(0) !== name.length - 1) {
    throw new DigestError(
      'unreadable',
      `expected a path without NUL, found ${JSON.stringify(path)}`,
    );
  }
  const fd = openAt(AT_FDCWD, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (fd < 0) {
    const hint =
      getSystemErrorName(fd) === 'ENOTDIR' ? ': expected a directory that is no link' : '';
    throw new DigestError(
      'unreadable',
      `could not open ${JSON.stringify(path)}: ${describeErrno(-fd)}${hint}`,
    );
  }
  return treeRootOfFd(fd, path);
}

/** Takes ownership of the descriptor of a directory (an O_PATH descriptor or a detached mount will do). */
export function treeRootOfFd(fd: number, label: string): TreeRoot {
  return {
    fd,
    label,
    [Symbol.dispose]: () => {
      close(fd);
    },
  };
}
