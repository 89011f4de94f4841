/** What an intent that a dead hook left behind comes to (docs/measurement-log.md §6, step 3). Decides; changes nothing. */
import type { Intent } from './intent.ts';
import type { MeasurementEvent } from './measurement-event.ts';
import { encodeRecord, type LogRecord } from './measurement-log.ts';
import { sameValues } from './pcr.ts';
import type { PcrValues } from './tpm.ts';

export interface Settlement {
  /** The intent's record was extended, is not in the log, and the log ends where it belongs. */
  readonly append: boolean;
  /** Events that must be appended, in this order, once log and PCR agree. */
  readonly owed: readonly MeasurementEvent[];
}

type Outcome = 'extended' | 'not-extended' | 'perhaps-extended';

/** `log` is the log's bytes without a torn tail, `values` what the intent's PCR holds now. */
export function settleIntent(intent: Intent, values: PcrValues, log: Uint8Array): Settlement {
  const { record, owed } = intent;
  const logged = isInLog(record, log);
  const outcome = logged ? 'extended' : outcomeOf(intent, values);
  return {
    append: !logged && outcome === 'extended' && log.length === record.offset,
    owed: [...owed, ...owedFor(record, outcome)],
  };
}

function isInLog(record: LogRecord, log: Uint8Array): boolean {
  const there = log.subarray(record.offset, record.offset + record.length);
  return Buffer.compare(there, encodeRecord(record)) === 0;
}

function outcomeOf({ stage, before, after }: Intent, values: PcrValues): Outcome {
  if (stage !== 'extend' || sameValues(values, after)) return 'extended';
  return sameValues(values, before) ? 'not-extended' : 'perhaps-extended';
}

/** The hook died, so its container did not start: what the log has to say about that. */
function owedFor({ event, sha256 }: LogRecord, outcome: Outcome): MeasurementEvent[] {
  switch (event.type) {
    case 'container':
    case 'skipped':
    case 'allowed':
      if (outcome === 'extended') return [{ type: 'aborted', ...startOf(event), record: sha256 }];
      if (outcome === 'perhaps-extended') return [lostTrackOf(event)];
      if (event.type !== 'allowed' || event.record === undefined) return [];
      return [{ type: 'aborted', ...startOf(event), record: event.record }];
    case 'unlisted':
      return [{ type: 'aborted', ...startOf(event), record: event.record }];
    case 'denied':
    case 'aborted':
      return outcome === 'extended' ? [] : [event];
    case 'init':
    case 'config':
    case 'gap':
      // Appended again by comparing, if they are still due.
      return [];
  }
}

function lostTrackOf(event: AboutContainer): MeasurementEvent {
  const reason =
    'the hook died while it extended this start, and the PCR does not tell whether it did';
  return { type: 'denied', ...startOf(event), code: 'log', reason };
}

interface AboutContainer {
  readonly id: string;
  readonly pid?: number;
  readonly startTime?: number;
}

function startOf({ id, pid, startTime }: AboutContainer): AboutContainer {
  return {
    id,
    ...(pid === undefined ? {} : { pid }),
    ...(startTime === undefined ? {} : { startTime }),
  };
}
