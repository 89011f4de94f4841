import {
  closeSync,
  constants,
  fstatSync,
  openSync,
  readSync,
  realpathSync,
  type Stats,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { quoted } from '#digest/quoted';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError, type HookErrorCode } from '#hook/errors';
import { isHostUserNamespace, readUserNamespace } from './user-namespace.ts';

export interface TrustedFile {
  readonly path: string;
  readonly maxBytes: number;
  /** Of the errors. */
  readonly code: HookErrorCode;
}

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * The bytes of a file that root alone can have written: a regular file, no symbolic link, owned by root (or by whom we run as) and
 * writable by nobody else. Undefined where there is none.
 *
 * @throws HookError with the given code
 */
export function readTrustedFile({ path, maxBytes, code }: TrustedFile): Uint8Array | undefined {
  const refuse = (reason: string): never => {
    throw new HookError(code, `${quoted(path)} ${reason}`);
  };
  // Non-blocking: opening a fifo would wait for a writer.
  const fd = openFile(path, code);
  if (fd === undefined) return undefined;
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) refuse('is not a regular file');
    const stranger = strangerWhoWrites(stat);
    if (stranger !== undefined) refuse(stranger);
    const bytes = readUpTo(fd, maxBytes + 1);
    if (bytes.length > maxBytes) refuse(`is larger than ${maxBytes} bytes`);
    return bytes;
  } catch (cause) {
    if (cause instanceof HookError) throw cause;
    throw new HookError(code, `could not read ${quoted(path)}`, { cause });
  } finally {
    closeSync(fd);
  }
}

/**
 * Refuses a file whose place others could give to another one: each directory above it has to be root's and writable by nobody else.
 *
 * @throws HookError with the given code
 */
export function requireTrustedDirectories({ path, code }: TrustedFile): void {
  try {
    for (const directory of directoriesAbove(path)) {
      const stranger = strangerWhoWrites(statSync(directory));
      if (stranger === undefined) continue;
      const where = quoted(directory);
      throw new HookError(code, `${quoted(path)} is not believed: ${where} ${stranger}`);
    }
  } catch (cause) {
    if (cause instanceof HookError) throw cause;
    throw new HookError(code, `could not look above ${quoted(path)}`, { cause });
  }
}

function directoriesAbove(path: string): string[] {
  const directories = [realpathSync(dirname(path))];
  for (let last = directories[0]; last !== undefined && last !== '/'; ) {
    last = dirname(last);
    directories.push(last);
  }
  return directories;
}

function openFile(path: string, code: HookErrorCode): number | undefined {
  try {
    return openSync(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  } catch (cause) {
    const reason = systemErrorCode(cause);
    if (reason === 'ENOENT' || reason === 'ENOTDIR') return undefined;
    const why = reason === 'ELOOP' ? 'is a symbolic link' : 'cannot be opened';
    throw new HookError(code, `${quoted(path)} ${why}`, { cause });
  }
}

/** Who besides root could have written it, as the end of a sentence. */
function strangerWhoWrites(stat: Stats): string | undefined {
  if (!isTrustedOwner(stat.uid)) return `belongs to uid ${stat.uid}, expected root`;
  if ((stat.mode & 0o002) !== 0) return 'is writable by everybody, expected by root alone';
  if ((stat.mode & 0o020) !== 0 && stat.gid !== 0) {
    return `is writable by group ${stat.gid}, expected by root alone`;
  }
  return undefined;
}

/**
 * In a user namespace the host's root shows as nobody, like every stranger, so that owners say nothing there; and such a hook has no
 * TPM whose records it could spoil.
 */
function isTrustedOwner(uid: number): boolean {
  if (uid === 0 || uid === process.geteuid?.()) return true;
  return !isHostUserNamespace(readUserNamespace());
}

function readUpTo(fd: number, maxBytes: number): Uint8Array {
  const size = Math.min(fstatSync(fd).size + 1, maxBytes);
  let bytes = Buffer.alloc(size);
  let length = 0;
  while (length < maxBytes) {
    if (length === bytes.length) bytes = Buffer.concat([bytes], Math.min(length * 2, maxBytes));
    const count = readSync(fd, bytes, length, bytes.length - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}
