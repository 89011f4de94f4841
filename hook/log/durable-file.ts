/** Writing so that a crash leaves the old content or the new, and reading without following a link. */

import {
  constants,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import { reserve } from '#hook/libc';
import { withFile } from '#hook/with-file';

const { O_CREAT, O_DIRECTORY, O_NONBLOCK, O_RDONLY, O_TRUNC, O_WRONLY } = constants;
const ENOSPC = 28;
const EDQUOT = 122;

/**
 * Puts a file of mode 0600 at `path` by rename; it is on disk when this returns. All writers of a path hold the same lock.
 * @throws HookError 'log'
 */
export function replaceFile(path: string, content: Uint8Array | string): void {
  replace(path, content, fsyncSync);
  saying('write', path, () => syncDirectory(dirname(path)));
}

/** The same for what may be lost with the machine. @throws HookError 'log' */
export function replaceFileUnsynced(path: string, content: string): void {
  replace(path, content, () => {});
}

function replace(path: string, content: Uint8Array | string, sync: (fd: number) => void): void {
  saying('write', path, () => {
    const written = join(dirname(path), `.${basename(path)}.new`);
    withFile(written, O_WRONLY | O_CREAT | O_TRUNC, (fd) => {
      writeAll(fd, content);
      sync(fd);
    });
    renameSync(written, path);
  });
}

/**
 * Adds to a file that is `offset` bytes long (absent counts as empty); on disk when this returns.
 * @throws HookError 'log', also if the file is not that long
 */
export function appendToFile(path: string, offset: number, content: Uint8Array): void {
  saying('append to', path, () => {
    withFile(path, O_WRONLY | O_CREAT, (fd) => {
      const { size } = fstatSync(fd);
      if (size !== offset) throw new Error(`it is ${size} bytes long, expected ${offset}`);
      writeAll(fd, content, offset);
      fsyncSync(fd);
    });
    if (offset === 0) syncDirectory(dirname(path));
  });
}

/**
 * Makes sure that `bytes` can be appended to the file at `offset`, without changing its size.
 * @throws HookError 'log' where the disk is full or cannot be written to
 */
export function reserveRoom(path: string, offset: number, bytes: number): void {
  saying('append to', path, () => {
    withFile(path, O_WRONLY | O_CREAT, (fd) => {
      const errno = reserve(fd, offset, bytes);
      // Other errors are of filesystems that cannot reserve: there a full disk shows later, and recovery mends it.
      if (errno === ENOSPC || errno === EDQUOT) throw new Error('no space left on device');
    });
  });
}

/** @throws HookError 'log' */
export function cutFile(path: string, bytes: number): void {
  saying('cut', path, () => {
    withFile(path, O_WRONLY, (fd) => {
      ftruncateSync(fd, bytes);
      fsyncSync(fd);
    });
  });
}

/** @throws HookError 'log' */
export function renameFile(path: string, to: string): void {
  saying('rename', path, () => {
    renameSync(path, to);
    syncDirectory(dirname(to));
  });
}

/** Absent already is as good. @throws HookError 'log' */
export function removeFile(path: string): void {
  saying('remove', path, () => {
    absentIsUndefined(() => unlinkSync(path));
  });
}

/**
 * The content of a regular file; undefined where there is none.
 * @throws HookError 'log'
 */
export function readIfPresent(path: string, maxBytes: number): Uint8Array | undefined {
  return saying('read', path, () =>
    absentIsUndefined(() =>
      withFile(path, O_RDONLY | O_NONBLOCK, (fd) => {
        const stat = fstatSync(fd);
        if (!stat.isFile()) throw new Error('it is not a regular file');
        if (stat.size > maxBytes) throw new Error(`it is larger than ${maxBytes} bytes`);
        return readFileSync(fd);
      }),
    ),
  );
}

/**
 * Exactly these bytes of a regular file.
 * @throws HookError 'log', also if it ends before
 */
export function readRange(path: string, offset: number, length: number): Uint8Array {
  return saying('read', path, () =>
    withFile(path, O_RDONLY | O_NONBLOCK, (fd) => {
      const bytes = new Uint8Array(length);
      for (let done = 0; done < length; ) {
        const read = readSync(fd, bytes, done, length - done, offset + done);
        if (read === 0) throw new Error(`it ends after ${offset + done} bytes`);
        done += read;
      }
      return bytes;
    }),
  );
}

/** Whether the path names anything, be it a link to nothing. @throws HookError 'log' */
export function isThere(path: string): boolean {
  return saying('read', path, () => lstatSync(path, { throwIfNoEntry: false }) !== undefined);
}

/** Names of a directory's entries; none where there is no directory. @throws HookError 'log' */
export function namesIn(directory: string): string[] {
  return saying('read', directory, () => absentIsUndefined(() => readdirSync(directory)) ?? []);
}

/** Bytes of a regular file; undefined where there is none. @throws HookError 'log' */
export function fileSize(path: string): number | undefined {
  return saying('read', path, () => {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && !stat.isFile()) throw new Error('it is not a regular file');
    return stat?.size;
  });
}

function writeAll(fd: number, content: Uint8Array | string, position = 0): void {
  const bytes = typeof content === 'string' ? Buffer.from(content) : content;
  for (let done = 0; done < bytes.length; ) {
    done += writeSync(fd, bytes, done, bytes.length - done, position + done);
  }
}

function syncDirectory(path: string): void {
  withFile(path, O_RDONLY | O_DIRECTORY, fsyncSync);
}

function absentIsUndefined<T>(use: () => T): T | undefined {
  try {
    return use();
  } catch (thrown) {
    if (isAbsent(thrown)) return undefined;
    throw thrown;
  }
}

function isAbsent(thrown: unknown): boolean {
  return systemErrorCode(thrown) === 'ENOENT';
}

function saying<T>(verb: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HookError('log', `cannot ${verb} ${JSON.stringify(path)}: ${reason}`, { cause });
  }
}
