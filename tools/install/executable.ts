/** The one file that all hook entries start. */
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ToolError } from '#tools/errors';
import { MADE, syncDirectory } from './file-change.ts';
import type { Host } from './host.ts';
import { EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR, RECORD_SUFFIX } from './own-places.ts';

export interface ExecutableChange {
  /** Here, not on the host. */
  readonly executable: string;
  /** What it becomes a copy of; undefined: it goes. */
  readonly from: string | undefined;
  /** Whether there is anything to do. */
  readonly isNeeded: boolean;
}

const MODE = 0o755;
const COMPARED_AT_ONCE = 1 << 20;

/** The host path at which the executable is, or is to be. @throws ToolError `install` where neither place can be written */
export function placeOfExecutable(host: Host): string {
  const places = [EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR];
  const used = places.find((place) => existsSync(host.at(`${place}${RECORD_SUFFIX}`)));
  const found = used ?? places.find((place) => canWriteAt(host.at(place)));
  if (found === undefined) {
    throw new ToolError('install', `neither ${places.join(' nor ')} can be written`);
  }
  if (isOfRootAlone(host, host.at(found))) return found;
  throw new ToolError('install', `somebody else than root can change ${JSON.stringify(found)}`, {
    hint: 'give it and the directories above it to root, mode go-w',
  });
}

/** Whether a file can be made or changed there, its directories too: not where something on the way is mounted read-only. */
export function canWriteAt(path: string): boolean {
  for (let place = path; ; place = dirname(place)) {
    if (!existsSync(place)) continue;
    try {
      accessSync(place, constants.W_OK);
      return true;
    } catch {
      return false;
    }
  }
}

/**
 * Whether nobody but root can change what is there, or put something else there. `path` has no links in it; what is above the file tree of
 * another machine is not on it.
 */
export function isOfRootAlone({ root }: Host, path: string): boolean {
  for (let place = path; place !== root && place !== '/'; place = dirname(place)) {
    const facts = statSync(place, { throwIfNoEntry: false });
    if (facts === undefined) continue;
    const { uid, gid, mode } = facts;
    if (uid !== 0 || (mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && gid !== 0)) return false;
  }
  return true;
}

/**
 * @param isOurs whether an earlier installation put there what is there
 * @throws ToolError `install` if what is there is somebody else's, and not the same
 */
export function installExecutable(
  executable: string,
  from: string,
  isOurs: boolean,
): ExecutableChange {
  const there = lstatSync(executable, { throwIfNoEntry: false });
  if (there === undefined) return { executable, from, isNeeded: true };
  if (there.isFile() && (there.mode & 0o777) === MODE && haveEqualBytes(executable, from)) {
    return { executable, from, isNeeded: false };
  }
  if (isOurs && there.isFile()) return { executable, from, isNeeded: true };
  throw new ToolError(
    'install',
    `${JSON.stringify(executable)} is another program, and was not put there by an installation`,
    { hint: 'run that one, or take it away: what names it first, then the file' },
  );
}

export function removeExecutable(executable: string): ExecutableChange {
  return { executable, from: undefined, isNeeded: existsSync(executable) };
}

/** @throws ToolError `install` */
export function applyExecutable({ executable, from, isNeeded }: ExecutableChange): void {
  if (!isNeeded) return;
  try {
    if (from === undefined) rmSync(executable);
    else putExecutable(executable, from);
    syncDirectory(dirname(executable));
  } catch (cause) {
    throw new ToolError('install', `cannot change ${JSON.stringify(executable)}`, { cause });
  }
}

/** In place at once and whole: a hook that runs meanwhile keeps the file it was started from. */
function putExecutable(executable: string, from: string): void {
  const made = `${executable}${MADE}`;
  mkdirSync(dirname(executable), { recursive: true, mode: 0o755 });
  rmSync(made, { force: true });
  try {
    copyFileSync(from, made, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
    // A copy has the owner of what it is copied from (libuv): of whoever built it.
    chownSync(made, 0, 0);
    chmodSync(made, MODE);
    syncFile(made);
    renameSync(made, executable);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

function syncFile(path: string): void {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function haveEqualBytes(a: string, b: string): boolean {
  const [one, other] = [statSync(a), statSync(b)];
  if (one.dev === other.dev && one.ino === other.ino) return true;
  if (one.size !== other.size) return false;
  const files = [openSync(a, 'r'), openSync(b, 'r')] as const;
  const parts = [Buffer.alloc(COMPARED_AT_ONCE), Buffer.alloc(COMPARED_AT_ONCE)] as const;
  try {
    for (;;) {
      const length = readSync(files[0], parts[0]);
      readSync(files[1], parts[1], 0, length, null);
      if (!parts[0].subarray(0, length).equals(parts[1].subarray(0, length))) return false;
      if (length === 0) return true;
    }
  } finally {
    for (const file of files) closeSync(file);
  }
}
