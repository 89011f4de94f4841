/** What the hooks before this one left in the state directory, reduced to what can be gone on with (docs/measurement-log.md §6, steps 1 and 2). */
import { HookError } from '#hook/errors';
import { emptyContainerMap } from './container-map.ts';
import { cutFile, readIfPresent, renameFile } from './durable-file.ts';
import { type Intent, parseIntent } from './intent.ts';
import { bootTimeMicroseconds } from './libc.ts';
import { completeLength, type LogRecord, parseLog } from './measurement-log.ts';
import { replay } from './replay.ts';
import type { StatePaths } from './state-directory.ts';

/** 300 thousand container starts in one boot. */
export const MAX_LOG_BYTES: number = 2 ** 30;

export interface LeftBehind {
  /** Of this boot. */
  readonly intent: Intent | undefined;
  /** The log's bytes, all of them records of this boot; empty where there is no log. */
  readonly log: Uint8Array;
  readonly records: LogRecord[];
}

/**
 * Puts aside what is of another boot or damaged, and cuts a torn tail. Nothing is thrown away, and nothing here stops a container:
 * what is missing afterwards shows as a gap.
 * @throws HookError 'log' if the state directory cannot be read or written
 */
export function loadLeftBehind(paths: StatePaths, bootId: string): LeftBehind {
  // First the intent: while the log of another boot is there, so is the reason to look at both.
  const intent = loadIntent(paths, bootId);
  return { intent, ...loadLog(paths, bootId) };
}

function loadIntent(paths: StatePaths, bootId: string): Intent | undefined {
  const bytes = readIfPresent(paths.intent, MAX_LOG_BYTES);
  if (bytes === undefined) return undefined;
  const intent = unlessDamaged(paths.intent, () => parseIntent(bytes));
  if (intent === undefined || intent.record.bootId === bootId) return intent;
  renameFile(paths.intent, ofBoot(paths.intent, intent.record.bootId));
  return undefined;
}

function loadLog(paths: StatePaths, bootId: string): { log: Uint8Array; records: LogRecord[] } {
  const none = { log: new Uint8Array(), records: [] };
  const bytes = readIfPresent(paths.log, MAX_LOG_BYTES);
  if (bytes === undefined) return none;
  const log = bytes.subarray(0, completeLength(bytes));
  const records = unlessDamaged(paths.log, () => parseWhole(log));
  if (records === undefined) return none;
  const loggedBoot = records[0]?.bootId ?? bootId;
  if (loggedBoot !== bootId) {
    // Before the rename: if this hook dies in between, the next one comes here again.
    emptyContainerMap(paths.containers);
    renameFile(paths.log, ofBoot(paths.log, loggedBoot));
    return none;
  }
  if (log.length < bytes.length) cutFile(paths.log, log.length);
  return { log, records };
}

/** Records that contradict each other are damage too: nothing could ever be appended to them. */
function parseWhole(log: Uint8Array): LogRecord[] {
  const records = parseLog(log);
  for (const pcr of new Set(records.map((record) => record.pcr))) replay(records, pcr);
  return records;
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
