/**
 * What an installation does to files, decided before anything is done, so that it can be shown. Each file is put in place at once and
 * whole; a file that is changed is kept beside itself, so that it can be put back with its owner, mode and attributes.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
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
import { dirname } from 'node:path';
import { ToolError } from '#tools/errors';

export interface FileChange {
  readonly path: string;
  /** Undefined: it is not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Of a file before its first change: the very file, by another name. */
const BACKUP = '.before-oci-measure';

/**
 * A change of what is at a path now.
 *
 * @throws ToolError `install` for what is no plain file
 */
export function changeOf(path: string, after: string | undefined): FileChange {
  return { path, before: readText(path), after };
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
    if (after === undefined) removeFile(path);
    else if (before === undefined) addFile(path, after);
    else if (readText(path + BACKUP) === after) renameSync(path + BACKUP, path);
    else replaceFile(path, after);
    syncDirectory(dirname(path));
  } catch (cause) {
    throw new ToolError('install', `cannot change ${JSON.stringify(path)}`, { cause });
  }
}

/** Takes away what {@link applyChange} kept, once nothing of ours is in the file. */
export function dropBackup(path: string): void {
  rmSync(path + BACKUP, { force: true });
}

function removeFile(path: string): void {
  rmSync(path);
  dropBackup(path);
}

function addFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  // Left by somebody who took the file away: no longer what it was before.
  dropBackup(path);
  putFile(path, text, 0o644);
}

function replaceFile(path: string, text: string): void {
  if (!existsSync(path + BACKUP)) linkSync(path, path + BACKUP);
  putFile(path, text, lstatSync(path).mode & 0o7777);
}

function putFile(path: string, text: string, mode: number): void {
  const made = `${path}.${process.pid}.new`;
  rmSync(made, { force: true });
  const file = openSync(made, 'wx', 0o600);
  try {
    writeFileSync(file, text);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(made, path);
}

export function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
