/** Before anything else, under the lock: log and PCR are brought into step (docs/measurement-log.md §6). */
import { removeFile } from './durable-file.ts';
import type { Intent } from './intent.ts';
import { loadLeftBehind } from './left-behind.ts';
import type { LogFile } from './log-file.ts';
import { LogWriter } from './log-writer.ts';
import type { MeasurementEvent, Sha256Text } from './measurement-event.ts';
import { sameValues, toBankValues } from './pcr.ts';
import { settleIntent } from './recovery.ts';
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
  readonly log: LogFile;
}

/** @throws HookError 'tpm' or 'log'; then the next call goes on from where this one came to */
export async function bringIntoStep(options: StepOptions): Promise<InStep> {
  const { paths, bootId, pcr, version, configDigest: config } = options;
  const { intent, log } = loadLeftBehind(paths, bootId);
  if (intent !== undefined) await settleLeftBehind(options, intent, log);
  const { writer } = await compare(options, pcr, log, []);
  const inForce = log.stateOf(pcr);
  if (inForce?.version !== version || inForce.config !== config) {
    await writer.append({ type: 'config', version, config });
  }
  return { writer, log };
}

/** The configuration may have changed since: an intent, and what it owes, is of its own PCR. */
async function settleLeftBehind(options: StepOptions, intent: Intent, log: LogFile): Promise<void> {
  const { paths, tpm } = options;
  const { record } = intent;
  const values = await tpm.readPcr(record.pcr);
  const isLogged = log.holds(record);
  const { append, owed } = settleIntent(intent, values, { isLogged, size: log.size });
  if (append && log.accepts(record)) log.append(record);
  const { writer, isInStep } = await compare(options, record.pcr, log, owed);
  for (const [index, event] of owed.entries()) {
    await writer.append(event, owed.slice(index + 1));
  }
  // Whatever was appended took its place and removed it.
  if (isInStep && owed.length === 0) removeFile(paths.intent);
}

/** Appends `init` or `gap` unless log and PCR are in step. */
async function compare(
  options: StepOptions,
  pcr: number,
  log: LogFile,
  owed: readonly MeasurementEvent[],
): Promise<{ writer: LogWriter; isInStep: boolean }> {
  const { paths, tpm, bootId, version, configDigest: config } = options;
  const expected = log.stateOf(pcr)?.values;
  const values = await tpm.readPcr(pcr);
  const found = toBankValues(values);
  const writer = new LogWriter({ paths, tpm, pcr, bootId, log, values });
  if (expected === undefined) {
    await writer.append({ type: 'init', bootId, pcr, found, version, config }, owed);
  } else if (!sameValues(expected, values)) {
    await writer.append({ type: 'gap', expected: toBankValues(expected), found }, owed);
  } else {
    return { writer, isInStep: true };
  }
  return { writer, isInStep: false };
}
