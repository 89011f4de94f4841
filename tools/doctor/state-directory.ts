import { accessSync, constants, existsSync, lstatSync, statfsSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { isRoot } from '#digest/thread-credentials';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';
import { formatMode, whoElseWrites } from './ownership.ts';

const CHECK = 'state-directory';
const EXPECTED = 'a directory that root can write, and nobody else';
const MIB = 1024 * 1024;
/** Too little for a few records and intents of the largest size, 1 MiB each. */
const TOO_LITTLE_BYTES = 4 * MIB;
const LITTLE_BYTES = 64 * MIB;
const TOO_FEW_INODES = 16;

/** Whether the hook can keep its log, intent and container map in STATE. */
export function checkStateDirectory(state: string): readonly Finding[] {
  try {
    if (!existsSync(state) && isMissing(state)) return checkMissing(state);
    if (!lstatSync(state).isDirectory()) {
      const mend = `remove ${state}, or set state to another path`;
      return [problem(CHECK, `${JSON.stringify(state)} is not a directory`, EXPECTED, mend)];
    }
    const findings = [checkOwner(state), checkWritable(state), checkSpace(state)];
    const wrong = findings.filter((finding) => finding !== undefined);
    const { mode } = lstatSync(state);
    return wrong.length > 0 ? wrong : [ok(CHECK, `${state}, mode ${formatMode(mode)}`, EXPECTED)];
  } catch (error) {
    return [notSeen(CHECK, state, EXPECTED, error)];
  }
}

function isMissing(path: string): boolean {
  try {
    lstatSync(path);
    return false;
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return true;
    throw error;
  }
}

function checkMissing(state: string): readonly Finding[] {
  const parent = nearestDirectory(dirname(state));
  const wrong = [checkOwner(parent), checkWritable(parent), checkSpace(parent)];
  const findings = wrong.filter((finding) => finding !== undefined);
  return findings.length > 0
    ? findings
    : [ok(CHECK, `${state} is not there yet: the first container makes it`, EXPECTED)];
}

function nearestDirectory(path: string): string {
  return isMissing(path) ? nearestDirectory(dirname(path)) : path;
}

function checkOwner(path: string): Finding | undefined {
  const writers = whoElseWrites(path) ?? groupWriters(path);
  if (writers === undefined) return undefined;
  const mend = `give ${path} and the directories above it to root, mode go-w`;
  return problem(CHECK, writers, EXPECTED, mend);
}

/** The hook refuses a directory that any group can write, root's too. */
function groupWriters(path: string): string | undefined {
  const { mode } = lstatSync(path);
  return (mode & 0o020) === 0
    ? undefined
    : `${path} is writable by its group (mode ${formatMode(mode)})`;
}

function checkWritable(path: string): Finding | undefined {
  try {
    // For root this fails on a read-only filesystem alone, which is what is asked.
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    if (!isRoot()) return notSeen(CHECK, `whether root can write ${path}`, EXPECTED, error);
    const mend = `remount ${path} read-write, or set state to another path`;
    return problem(CHECK, `${path} is on a read-only filesystem`, EXPECTED, mend);
  }
}

function checkSpace(path: string): Finding | undefined {
  const { bavail, bsize, files, ffree } = statfsSync(path);
  const freeBytes = bavail * bsize;
  const found = `${path} has ${Math.floor(freeBytes / MIB)} MiB left`;
  const expected = `at least ${LITTLE_BYTES / MIB} MiB free`;
  const mend = `free space below ${path}, or set state to another path`;
  if (freeBytes < TOO_LITTLE_BYTES) return problem(CHECK, found, expected, mend);
  // btrfs and others make inodes as needed and report none.
  if (files > 0 && ffree < TOO_FEW_INODES) {
    return problem(CHECK, `${path} has ${ffree} inodes left`, 'free inodes', mend);
  }
  return freeBytes < LITTLE_BYTES ? warning(CHECK, found, expected, mend) : undefined;
}
