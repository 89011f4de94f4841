/**
 * What an installation does to files, decided before anything is done, so that it can be shown. Each file is put in place at once and
 * whole; a file that is changed is kept beside itself first.
 */
import {
  closeSync,
  existsSync,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { ToolError } from '#tools/errors';

export interface FileChange {
  readonly path: string;
  /** Undefined: it is not there. */
  readonly before: string | undefined;
  readonly after: string | undefined;
}

/** Of a file of somebody else's, before ours is in it. */
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

/** @throws ToolError `install` if the file is no longer what the change was decided on */
export function applyChange(change: FileChange): void {
  if (!isChange(change)) return;
  const { path, before, after } = change;
  if (readText(path) !== before) {
    throw new ToolError('install', `${JSON.stringify(path)} was changed meanwhile`);
  }
  if (after === undefined) {
    rmSync(path);
    rmSync(path + BACKUP, { force: true });
    return;
  }
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  const mode = before === undefined ? 0o644 : lstatSync(path).mode & 0o7777;
  if (before !== undefined && !existsSync(path + BACKUP)) putFile(path + BACKUP, before, mode);
  putFile(path, after, mode);
}

/** Takes the copy away that {@link applyChange} kept: for when a file is again what it was. */
export function dropBackup(path: string): void {
  rmSync(path + BACKUP, { force: true });
}

function putFile(path: string, text: string, mode: number): void {
  const made = `${path}.${process.pid}.new`;
  const file = openSync(made, 'wx', 0o600);
  try {
    writeSync(file, text);
    fchmodSync(file, mode);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(made, path);
  syncDirectory(dirname(path));
}

function syncDirectory(path: string): void {
  const directory = openSync(path, 'r');
  try {
    fsyncSync(directory);
  } finally {
    closeSync(directory);
  }
}
