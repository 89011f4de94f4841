/** What the hooks before this one left in the state directory, reduced to what can be gone on with (docs/measurement-log.md §6, steps 1 and 2). */
import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import { bootTimeMicroseconds } from '#hook/libc';
import { emptyContainerMap, openContainerMap } from './container-map.ts';
import { cutFile, fileSize, readIfPresent, readRange, renameFile } from './durable-file.ts';
import { type Intent, parseIntent } from './intent.ts';
import { type LogCheckpoint, readCheckpoint } from './log-checkpoint.ts';
import { LogFile } from './log-file.ts';
import { completeLength, parseLog } from './measurement-log.ts';
import type { StatePaths } from './state-directory.ts';

/** 300 thousand container starts in one boot. */
export const MAX_LOG_BYTES: number = 2 ** 30;

export interface LeftBehind {
  /** Of this boot. */
  readonly intent: Intent | undefined;
  /** Of this boot; empty where there is none. */
  readonly log: LogFile;
}

/**
 * Puts aside what is of another boot or damaged, and cuts a torn tail. Nothing is thrown away, and nothing here stops a container:
 * what is missing afterwards shows as a gap.
 * @throws HookError 'log' if the state directory cannot be read or written
 */
export function loadLeftBehind(paths: StatePaths, bootId: string): LeftBehind {
  // First the intent: while the log of another boot is there, so is the reason to look at both.
  const intent = loadIntent(paths, bootId);
  let log = loadLog(paths, bootId);
  openContainerMap(paths.containers, () => {
    // A checkpoint spares reading the log's beginning: damage there may show only now.
    const records = unlessDamaged(paths.log, () => log.all());
    if (records === undefined) log = new LogFile(paths);
    return records ?? [];
  });
  return { intent, log };
}

function loadIntent(paths: StatePaths, bootId: string): Intent | undefined {
  const bytes = readIfPresent(paths.intent, MAX_LOG_BYTES);
  if (bytes === undefined) return undefined;
  const intent = unlessDamaged(paths.intent, () => parseIntent(bytes));
  if (intent === undefined || intent.record.bootId === bootId) return intent;
  renameFile(paths.intent, ofBoot(paths.intent, intent.record.bootId));
  return undefined;
}

function loadLog(paths: StatePaths, bootId: string): LogFile {
  const size = fileSize(paths.log) ?? 0;
  const checkpoint = fittingCheckpoint(paths, bootId, size);
  const from = checkpoint?.size ?? 0;
  const bytes = size === from ? new Uint8Array() : readRange(paths.log, from, size - from);
  const complete = bytes.subarray(0, completeLength(bytes));
  const log = unlessDamaged(paths.log, () => {
    const loaded = new LogFile(paths, checkpoint);
    for (const record of parseLog(complete, from)) loaded.accept(record);
    return loaded;
  });
  if (log === undefined) return new LogFile(paths);
  const loggedBoot = log.bootId ?? bootId;
  if (loggedBoot !== bootId) {
    // Before the rename: if this hook dies in between, the next one comes here again.
    emptyContainerMap(paths.containers);
    renameFile(paths.log, ofBoot(paths.log, loggedBoot));
    return new LogFile(paths);
  }
  if (complete.length < bytes.length) cutFile(paths.log, log.size);
  return log;
}

/** The checkpoint, if it is of this boot and the log still holds the record that was the last then. */
function fittingCheckpoint(
  paths: StatePaths,
  bootId: string,
  size: number,
): LogCheckpoint | undefined {
  const checkpoint = readCheckpoint(paths.checkpoint);
  if (checkpoint?.bootId !== bootId || checkpoint.size > size) return undefined;
  const { lastLength, lastSha256 } = checkpoint;
  if (lastLength > checkpoint.size) return undefined;
  const last = readRange(paths.log, checkpoint.size - lastLength, lastLength);
  return `sha256:${sha256(last).toHex()}` === lastSha256 ? checkpoint : undefined;
}

function unlessDamaged<T>(path: string, parse: () => T): T | undefined {
  try {
    return parse();
  } catch (thrown) {
    if (!(thrown instanceof HookError)) throw thrown;
    renameFile(path, `${path}.damaged-${bootTimeMicroseconds()}`);
    return undefined;
  }
}

/** `measurements.cel` of boot B is kept as `measurements.B.cel`. */
function ofBoot(path: string, bootId: string): string {
  return path.replace(/(\.\w+)$/, `.${bootId}$1`);
}
