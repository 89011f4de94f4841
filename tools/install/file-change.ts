/**
 * What an installation does to files, decided before anything is done, so that it can be shown. Each file is put in place at once and
 * whole; a file that is changed is kept beside itself, so that it can be put back with its owner, mode and attributes.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fchownSync,
  fsyncSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { ToolError } from '#tools/errors';

export interface FileChange {
  readonly path: string;
  /** Undefined: it is not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
  /** Of a file that is not there yet; a file that is keeps its own. */
  readonly mode?: number;
  /**
   * Where the file is made before it is put in place, on the same file system: needed where an engine reads every file of the directory,
   * whatever its name (crio.conf.d). Such a file is ours alone: no backup is kept beside it.
   */
  readonly makeIn?: string;
}

/** What a file is made with, unless it says otherwise. */
const MODE = 0o644;
/** Of a file before its first change: the very file, by another name. */
const BACKUP = '.before-oci-measure';
/** Of a file that is not in place yet. Always the same, so that what a killed installation left is found. */
export const MADE = '.new-oci-measure';

/**
 * A change of what is at a path now.
 *
 * @throws ToolError `install` for what is no plain file
 */
export function changeOf(
  path: string,
  after: string | undefined,
  options: Pick<FileChange, 'mode' | 'makeIn'> = {},
): FileChange {
  return { path, before: readText(path), after, ...options };
}

export function isChange({ before, after }: FileChange): boolean {
  return before !== after;
}

/** The change in a few words. */
export function describeChange(change: FileChange): string {
  const { path, after } = change;
  if (!isChange(change)) return `keep ${path}`;
  return `${after === undefined ? 'remove' : 'write'} ${path}`;
}

/** The text at a path; undefined where nothing is. @throws ToolError `install` for a link, a directory, text that is not UTF-8 */
export function readText(path: string): string | undefined {
  const facts = lstatSync(path, { throwIfNoEntry: false });
  if (facts === undefined) return undefined;
  if (!facts.isFile()) {
    throw new ToolError(
      'install',
      `expected a file at ${JSON.stringify(path)}, found another kind`,
    );
  }
  const bytes = readFileSync(path);
  const text = bytes.toString('utf8');
  if (bytes.equals(Buffer.from(text, 'utf8'))) return text;
  throw new ToolError('install', `${JSON.stringify(path)} is not UTF-8`);
}

/**
 * @throws ToolError `install` if the file is no longer what the change was decided on, or cannot be changed
 */
export function applyChange(change: FileChange): void {
  if (!isChange(change)) return;
  const { path, before, after } = change;
  if (readText(path) !== before) {
    throw new ToolError('install', `${JSON.stringify(path)} was changed meanwhile`);
  }
  try {
    if (after === undefined) removeFile(change);
    else if (before === undefined) addFile(change, after);
    else if (isBackup(path, after)) renameSync(path + BACKUP, path);
    else replaceFile(change, after);
    syncDirectory(dirname(path));
  } catch (cause) {
    throw new ToolError('install', `cannot change ${JSON.stringify(path)}`, { cause });
  }
}

/** Takes away what {@link applyChange} kept, once nothing of ours is in the file, and what it was killed over. */
export function dropBackup(path: string, makeIn: string = dirname(path)): void {
  rmSync(path + BACKUP, { force: true });
  rmSync(placeToMake(path, makeIn), { force: true });
}

function placeToMake(path: string, makeIn: string): string {
  return join(makeIn, `${basename(path)}${MADE}`);
}

function removeFile({ path, makeIn }: FileChange): void {
  rmSync(path);
  dropBackup(path, makeIn);
}

function addFile(change: FileChange, text: string): void {
  const { path, mode = MODE } = change;
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // Left by somebody who took the file away: no longer what it was before.
  dropBackup(path, change.makeIn);
  putFile(change, text, { mode });
}

function replaceFile(change: FileChange, text: string): void {
  const { path, makeIn } = change;
  if (makeIn === undefined && !existsSync(path + BACKUP)) linkSync(path, path + BACKUP);
  const { mode, uid, gid } = lstatSync(path);
  putFile(change, text, { mode: mode & 0o7777, owner: { uid, gid } });
}

/** Whether what was kept is what the file is to be again: not where it was given another mode or owner since. */
function isBackup(path: string, text: string): boolean {
  if (readText(path + BACKUP) !== text) return false;
  const [kept, there] = [lstatSync(path + BACKUP), lstatSync(path)];
  return kept.mode === there.mode && kept.uid === there.uid && kept.gid === there.gid;
}

interface Attributes {
  readonly mode: number;
  /** Undefined: whoever runs this. */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

function putFile({ path, makeIn }: FileChange, text: string, { mode, owner }: Attributes): void {
  const made = placeToMake(path, makeIn ?? dirname(path));
  rmSync(made, { force: true });
  try {
    makeFile(made, text, { mode, owner });
    renameSync(made, path);
  } catch (error) {
    rmSync(made, { force: true });
    throw error;
  }
}

function makeFile(path: string, text: string, { mode, owner }: Attributes): void {
  const file = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    if (owner !== undefined) fchownSync(file, owner.uid, owner.gid);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
