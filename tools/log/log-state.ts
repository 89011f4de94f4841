import { readBootId } from '#hook/log/log-session';
import type { Tpm } from '#hook/log/tpm';
import { type Comparison, compareWithTpm } from './comparison.ts';
import { type LogReading, type ReplayOutcome, readRecords, tryReplay } from './reading.ts';
import { type Snapshot, takeSnapshot } from './snapshot.ts';

/** The measurement log, what it replays to, and what the TPM says to that. */
export interface LogState {
  readonly pcr: number;
  readonly snapshot: Snapshot;
  readonly reading: LogReading;
  readonly outcome: ReplayOutcome;
  readonly comparison: Comparison;
}

/** @throws HookError `log` */
export async function readLogState(
  state: string,
  pcr: number,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<LogState> {
  const snapshot = await takeSnapshot(state, pcr, tpm);
  const reading = readRecords(snapshot.log ?? new Uint8Array());
  const outcome = tryReplay(reading.records, pcr);
  const comparison = isOfThisBoot(reading)
    ? compareWithTpm(outcome, snapshot.tpm)
    : ({ result: 'not-compared', reason: 'the log is of an earlier boot' } as const);
  return { pcr, snapshot, reading, outcome, comparison };
}

function isOfThisBoot({ records }: LogReading): boolean {
  const bootId = readBootId();
  return records.every((record) => record.bootId === bootId);
}

/** Everything that keeps the log from being believed; what the log itself shows as a gap is not among it. */
export function failuresOf({ reading, outcome, comparison }: LogState): readonly string[] {
  return [
    ...(reading.fault === undefined ? [] : [reading.fault.message]),
    ...(outcome.refusal === undefined ? [] : [outcome.refusal]),
    ...(comparison.result === 'differs' ? [comparison.reason] : []),
  ];
}
