/** What a log says that a PCR holds (docs/measurement-log.md §4). No Node imports: a verifier runs it anywhere. */
import { HookError } from '#hook/errors';
import type { GapEvent, InitEvent } from './measurement-event.ts';
import type { LogRecord, RecordContent } from './measurement-log.ts';
import {
  digestString,
  extend,
  fromBankValues,
  isAllZero,
  sameBanks,
  sameValues,
  zeros,
} from './pcr.ts';
import type { PcrValues } from './tpm.ts';

/** A place where the log does not show everything that the PCR was extended by. */
export interface Gap {
  /** The record's place among the records of its PCR, from 0. */
  readonly record: number;
  readonly expected: PcrValues;
  readonly found: PcrValues;
}

export interface Replay {
  /** After the last record, in every bank; empty where the log has no record of the PCR. */
  readonly values: PcrValues;
  readonly gaps: readonly Gap[];
  /** Records of this PCR. */
  readonly records: readonly LogRecord[];
}

/** How far the replay of one PCR has come. */
export interface ReplayState {
  /** Records so far. */
  readonly records: number;
  readonly values: PcrValues;
  /** As `init` says; undefined before it. */
  readonly bootId: string | undefined;
}

export const beforeInit: ReplayState = { records: 0, values: new Map(), bootId: undefined };

/**
 * Replays the records of one PCR.
 * @throws HookError 'log', naming the record, where a record contradicts itself or the ones before it
 */
export function replay(log: readonly LogRecord[], pcr: number): Replay {
  const records = log.filter((record) => record.pcr === pcr);
  const gaps: Gap[] = [];
  let state = beforeInit;
  for (const [index, record] of records.entries()) {
    const next = replayRecord(state, record);
    if (next.gap !== undefined) gaps.push({ record: index, ...next.gap });
    state = next.state;
  }
  return { values: state.values, gaps, records };
}

interface Replayed {
  readonly state: ReplayState;
  readonly gap: { readonly expected: PcrValues; readonly found: PcrValues } | undefined;
}

/**
 * Replays one more record of a PCR.
 * @throws HookError 'log' as `replay`
 */
export function replayRecord(state: ReplayState, record: RecordContent): Replayed {
  const { values, gap } = startsFrom(state, record);
  checkDigests(record, state.records, values);
  return {
    state: {
      records: state.records + 1,
      values: extend(values, record.digests),
      bootId: record.bootId,
    },
    gap,
  };
}

interface StartingPoint {
  readonly values: PcrValues;
  readonly gap?: { readonly expected: PcrValues; readonly found: PcrValues };
}

/** The values that a record was extended upon. */
function startsFrom(
  { records, values, bootId }: ReplayState,
  record: RecordContent,
): StartingPoint {
  const { event } = record;
  if (event.type === 'init') {
    if (bootId !== undefined) refuse(records, 'a second "init"');
    return fromInit(event, record);
  }
  if (bootId === undefined) refuse(records, 'the first is not "init"');
  if (record.bootId !== bootId) refuse(records, 'of another boot than "init"');
  return event.type === 'gap' ? fromGap(event, records, values) : { values };
}

function fromInit(event: InitEvent, { pcr, bootId }: RecordContent): StartingPoint {
  if (event.bootId !== bootId) refuse(0, 'of another boot than its "init" says');
  if (event.pcr !== pcr) refuse(0, `"init" is of PCR ${event.pcr}, its record of PCR ${pcr}`);
  const found = fromBankValues(event.found);
  if (isAllZero(found)) return { values: found };
  return { values: found, gap: { expected: zeros(found.keys()), found } };
}

function fromGap(event: GapEvent, index: number, values: PcrValues): StartingPoint {
  const expected = fromBankValues(event.expected);
  if (!sameValues(expected, values)) {
    refuse(index, '"gap" expects what the log does not replay to');
  }
  const found = fromBankValues(event.found);
  return { values: found, gap: { expected, found } };
}

function checkDigests({ string, digests }: RecordContent, index: number, values: PcrValues): void {
  if (!sameBanks(values, digests)) {
    refuse(index, `has digests for ${banksOf(digests)}, not for ${banksOf(values)}`);
  }
  const computed = digestString(string, values.keys());
  if (banksOf(digests) !== banksOf(computed) || !sameValues(computed, digests)) {
    refuse(index, 'has a digest that is not that of its string');
  }
}

function banksOf(values: PcrValues): string {
  return [...values.keys()].join(', ') || 'no bank';
}

function refuse(index: number, what: string): never {
  throw new HookError('log', `record ${index}: ${what}`);
}
