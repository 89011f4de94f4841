/** Making records and showing them to the kernel, in the one order that makes it list them by their own names. */
import {
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  fsyncSync,
  lstatSync,
  readdirSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { quoted } from '#digest/quoted';
import { describeErrno } from '#digest/system-error';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import { withFile } from '#hook/with-file';
import { getSignature, setSignature } from './ima-syscalls.ts';
import { RECORD_OWNER, type RecordText, recordPath } from './record.ts';

/** A record as the kernel has now seen it. */
export interface ShownRecord {
  readonly name: string;
  readonly path: string;
  readonly content: string;
  /** As the kernel lists it; no bytes where it has none. */
  readonly signature: Uint8Array;
}

const { O_CREAT, O_DIRECTORY, O_EXCL, O_NONBLOCK, O_RDONLY, O_WRONLY } = constants;
const FINISHED = 0o444;
const ABANDONED_AFTER_MS = 3_600_000;

/**
 * Shows the kernel a record, which is made first unless it is there as it should be.
 * @param signature for `security.ima`; undefined: as it is
 * @throws HookError 'ima'
 */
export function showRecord(
  record: RecordText,
  records: string,
  signature?: Uint8Array,
): ShownRecord {
  const path = recordPath(record, records);
  if (signature !== undefined && !isSignature(signature)) {
    throw new HookError('ima', `what is given for security.ima of ${quoted(path)} is no signature`);
  }
  if (!isFinished(path, record.content, signature)) {
    const temporary = join(records, 'containers', `.${record.name}.${process.pid}`);
    saying('make', path, () => makeRecord({ temporary, path }, record.content, signature));
  }
  const shown = { name: record.name, path, content: record.content, signature: signatureOf(path) };
  saying('open', path, () => openOnce(path, record.content));
  return shown;
}

/** @throws HookError 'ima' */
export function removeRecord({ path }: ShownRecord): void {
  saying('remove', path, () => unlinkSync(path));
}

/**
 * Container records (and their temporary names) of hooks that died. Those of a hook that is at work, under another state directory, are younger.
 * @throws HookError 'ima'
 */
export function removeAbandoned(records: string): void {
  const before = Date.now() - ABANDONED_AFTER_MS;
  const path = join(records, 'containers');
  saying('look for', path, () => {
    for (const name of readdirSync(path)) removeIfOlder(join(path, name), before);
  });
}

function removeIfOlder(path: string, before: number): void {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  if (stat?.isFile() !== true || stat.mtimeMs > before) return;
  absentIsFine(() => unlinkSync(path));
}

/** Without opening it: that would list what it holds. */
function isFinished(path: string, content: string, signature: Uint8Array | undefined): boolean {
  const stat = saying('read', path, () => lstatSync(path, { throwIfNoEntry: false }));
  if (stat === undefined) return false;
  if (!stat.isFile()) throw new HookError('ima', `${quoted(path)} is not a regular file`);
  return (
    stat.uid === RECORD_OWNER &&
    stat.gid === 0 &&
    (stat.mode & 0o7777) === FINISHED &&
    stat.nlink === 1 &&
    stat.size === content.length &&
    (signature === undefined || signature.toHex() === signatureOf(path).toHex())
  );
}

function makeRecord(
  { temporary, path }: { temporary: string; path: string },
  content: string,
  signature: Uint8Array | undefined,
): void {
  // Of a hook that died and had this pid.
  absentIsFine(() => unlinkSync(temporary));
  try {
    writeRecord(temporary, content, signature);
    renameSync(temporary, path);
  } catch (thrown) {
    absentIsFine(() => unlinkSync(temporary));
    throw thrown;
  }
  withFile(dirname(path), O_RDONLY | O_DIRECTORY, fsyncSync);
}

/** From the change of owner on, opening this for reading would list the temporary name: it is open for writing alone. */
function writeRecord(path: string, content: string, signature: Uint8Array | undefined): void {
  withFile(path, O_WRONLY | O_CREAT | O_EXCL, (fd) => {
    const written = writeSync(fd, content);
    if (written !== content.length) throw new Error(`only ${written} bytes could be written`);
    fsyncSync(fd);
    if (signature !== undefined) {
      const returned = setSignature(fd, signature);
      if (returned < 0) throw new Error(`cannot set security.ima: ${describeErrno(-returned)}`);
    }
    fchownSync(fd, RECORD_OWNER, 0);
    fchmodSync(fd, FINISHED);
  });
}

/** This is what the kernel measures. */
function openOnce(path: string, content: string): void {
  const found = withFile(path, O_RDONLY | O_NONBLOCK, (fd) => {
    if (!fstatSync(fd).isFile()) throw new Error('it is not a regular file');
    const bytes = Buffer.alloc(content.length + 1);
    return bytes.toString('latin1', 0, readSync(fd, bytes));
  });
  if (found === content) return;
  // The kernel has listed it by now. The next start makes a new one.
  unlinkSync(path);
  throw new Error(`it held ${quoted(found)} instead of ${quoted(content)}: removed`);
}

/** EVM_IMA_XATTR_DIGSIG, IMA_VERITY_DIGSIG: others are hashes that the kernel put there itself, and does not list. */
function isSignature([type]: Uint8Array): boolean {
  return type === 3 || type === 6;
}

function signatureOf(path: string): Uint8Array {
  const answer = getSignature(path);
  if (typeof answer !== 'number') return isSignature(answer) ? answer : new Uint8Array(0);
  throw new HookError(
    'ima',
    `cannot read security.ima of ${quoted(path)}: ${describeErrno(-answer)}`,
  );
}

function absentIsFine(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (systemErrorCode(error) !== 'ENOENT') throw error;
  }
}

function saying<T>(verb: string, path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (cause instanceof HookError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HookError('ima', `cannot ${verb} the record ${quoted(path)}: ${reason}`, { cause });
  }
}
