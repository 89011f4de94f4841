import { isAllZero, sameValues } from '#hook/log/pcr';
import type { PcrValues } from '#hook/log/tpm';
import type { ReplayOutcome } from './reading.ts';
import type { TpmAnswer } from './snapshot.ts';

/** Whether the log accounts for all that the TPM's PCR was extended by. */
export type Comparison =
  | { readonly result: 'agrees' }
  | { readonly result: 'differs'; readonly reason: string }
  | { readonly result: 'not-compared'; readonly reason: string };

export function compareWithTpm(outcome: ReplayOutcome, answer: TpmAnswer): Comparison {
  if (outcome.replay === undefined) return { result: 'not-compared', reason: outcome.refusal };
  if (answer.values === undefined) return { result: 'not-compared', reason: answer.failure };
  const { values, records } = outcome.replay;
  if (records.length === 0) return compareWithoutLog(answer.values);
  if (sameValues(values, answer.values)) return { result: 'agrees' };
  const differing = [...answer.values.keys()].filter(
    (bank) => values.get(bank)?.toHex() !== answer.values.get(bank)?.toHex(),
  );
  return {
    result: 'differs',
    reason: `the log replays to other values in ${differing.join(', ') || 'other banks'}`,
  };
}

function compareWithoutLog(values: PcrValues): Comparison {
  return isAllZero(values)
    ? { result: 'agrees' }
    : { result: 'differs', reason: 'the PCR was extended, and there is no record of it' };
}
