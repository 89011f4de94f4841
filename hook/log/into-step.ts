/** Before anything else, under the lock: log and PCR are brought into step (docs/measurement-log.md §6). */
import { appendToFile, removeFile } from './durable-file.ts';
import type { Intent } from './intent.ts';
import { loadLeftBehind } from './left-behind.ts';
import { LogWriter } from './log-writer.ts';
import type { MeasurementEvent, Sha256Text } from './measurement-event.ts';
import { encodeRecord, type LogRecord } from './measurement-log.ts';
import { sameValues, toBankValues } from './pcr.ts';
import { settleIntent } from './recovery.ts';
import { replay } from './replay.ts';
import type { StatePaths } from './state-directory.ts';
import type { Tpm } from './tpm.ts';

export interface StepOptions {
  readonly paths: StatePaths;
  readonly tpm: Tpm;
  readonly bootId: string;
  readonly pcr: number;
  readonly version: string;
  readonly configDigest: Sha256Text;
}

export interface InStep {
  readonly writer: LogWriter;
  /** All records of the log, oldest first. */
  readonly records: LogRecord[];
}

/** @throws HookError 'tpm' or 'log'; then the next call goes on from where this one came to */
export async function bringIntoStep(options: StepOptions): Promise<InStep> {
  const { paths, bootId, pcr } = options;
  const left = loadLeftBehind(paths, bootId);
  const { records } = left;
  if (left.intent !== undefined) await settleLeftBehind(options, left.intent, left.log, records);
  const writer = await compare(options, pcr, records, []);
  const { version, configDigest: config } = options;
  if (!isInForce(records, pcr, version, config)) {
    records.push(await writer.append({ type: 'config', version, config }));
  }
  return { writer, records };
}

/** The configuration may have changed since: an intent, and what it owes, is of its own PCR. */
async function settleLeftBehind(
  options: StepOptions,
  intent: Intent,
  log: Uint8Array,
  records: LogRecord[],
): Promise<void> {
  const { paths, tpm } = options;
  const { record } = intent;
  const { append, owed } = settleIntent(intent, await tpm.readPcr(record.pcr), log);
  if (append) {
    appendToFile(paths.log, record.offset, encodeRecord(record));
    records.push(record);
  }
  const before = records.length;
  const writer = await compare(options, record.pcr, records, owed);
  for (const [index, event] of owed.entries()) {
    records.push(await writer.append(event, owed.slice(index + 1)));
  }
  // Whatever was appended took its place and removed it.
  if (records.length === before) removeFile(paths.intent);
}

/** Appends `init` or `gap` where one is due. */
async function compare(
  options: StepOptions,
  pcr: number,
  records: LogRecord[],
  owed: readonly MeasurementEvent[],
): Promise<LogWriter> {
  const { paths, tpm, bootId, version, configDigest: config } = options;
  const { values: expected } = replay(records, pcr);
  const values = await tpm.readPcr(pcr);
  const last = records.at(-1);
  const size = last === undefined ? 0 : last.offset + last.length;
  const writer = new LogWriter({ paths, tpm, pcr, bootId, size, values });
  const found = toBankValues(values);
  if (expected.size === 0) {
    const init = { type: 'init', bootId, pcr, found, version, config } as const;
    records.push(await writer.append(init, owed));
  } else if (!sameValues(expected, values)) {
    const gap = { type: 'gap', expected: toBankValues(expected), found } as const;
    records.push(await writer.append(gap, owed));
  }
  return writer;
}

function isInForce(
  records: readonly LogRecord[],
  pcr: number,
  version: string,
  config: Sha256Text,
): boolean {
  const last = records.findLast(
    ({ pcr: of, event }) => of === pcr && (event.type === 'init' || event.type === 'config'),
  )?.event;
  if (last?.type !== 'init' && last?.type !== 'config') return false;
  return last.version === version && last.config === config;
}
