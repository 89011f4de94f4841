/** What an intent that a dead hook left behind comes to (docs/measurement-log.md §6, step 3). Decides; changes nothing. */
import type { Intent } from './intent.ts';
import type { AbortedEvent, MeasurementEvent, Sha256Text } from './measurement-event.ts';
import type { LogRecord } from './measurement-log.ts';
import { sameValues } from './pcr.ts';
import type { PcrValues } from './tpm.ts';

export interface Settlement {
  /** The intent's record was extended, is not in the log, and the log ends where it belongs. */
  readonly append: boolean;
  /** Events that must be appended, in this order, once log and PCR agree. */
  readonly owed: readonly MeasurementEvent[];
}

type Outcome = 'extended' | 'not-extended' | 'perhaps-extended';

/** `values` is what the intent's PCR holds now, `isLogged` whether the log holds the record, `size` the log's without a torn tail. */
export function settleIntent(
  intent: Intent,
  values: PcrValues,
  { isLogged, size }: { readonly isLogged: boolean; readonly size: number },
): Settlement {
  const { record, owed } = intent;
  const outcome = isLogged ? 'extended' : outcomeOf(intent, values);
  return {
    append: !isLogged && outcome === 'extended' && size === record.offset,
    owed: [...owed, ...owedFor(record, outcome)],
  };
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
      if (outcome === 'extended') return [aborted(event, sha256)];
      return outcome === 'perhaps-extended' ? [lostTrackOf(event)] : [];
    case 'allowed': {
      // It let a start happen that had a record of its own: that one stands no longer either.
      const before = event.record === undefined ? [] : [aborted(event, event.record)];
      if (outcome === 'extended') return [...before, aborted(event, sha256)];
      return outcome === 'perhaps-extended' ? [...before, lostTrackOf(event)] : before;
    }
    case 'unlisted':
      return [aborted(event, event.record)];
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

function aborted(event: AboutContainer, record: Sha256Text): AbortedEvent {
  return { type: 'aborted', ...startOf(event), record };
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
