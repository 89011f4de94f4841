/** What a log says that a PCR holds (docs/measurement-log.md §4). No Node imports: a verifier runs it anywhere. */
import { HookError } from '#hook/errors';
import type { GapEvent, InitEvent } from './measurement-event.ts';
import type { LogRecord } from './measurement-log.ts';
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

const nothing: PcrValues = new Map();

/**
 * Replays the records of one PCR.
 * @throws HookError 'log', naming the record, where a record contradicts itself or the ones before it
 */
export function replay(log: readonly LogRecord[], pcr: number): Replay {
  const records = log.filter((record) => record.pcr === pcr);
  const gaps: Gap[] = [];
  let values = nothing;
  for (const [index, record] of records.entries()) {
    const found = startsFrom(records, index, values);
    if (found.gap !== undefined) gaps.push({ record: index, ...found.gap });
    checkDigests(record, index, found.values);
    values = extend(found.values, record.digests);
  }
  return { values, gaps, records };
}

interface StartingPoint {
  readonly values: PcrValues;
  readonly gap?: { readonly expected: PcrValues; readonly found: PcrValues };
}

/** The values that record `index` was extended upon. */
function startsFrom(
  records: readonly LogRecord[],
  index: number,
  values: PcrValues,
): StartingPoint {
  const record = records[index];
  const first = records[0]?.event;
  if (record === undefined || first?.type !== 'init') refuse(0, 'the first is not "init"');
  if (record.bootId !== first.bootId) refuse(index, 'of another boot than "init"');
  const { event } = record;
  if (event.type === 'init') return fromInit(event, record.pcr, index);
  if (event.type === 'gap') return fromGap(event, index, values);
  return { values };
}

function fromInit(event: InitEvent, pcr: number, index: number): StartingPoint {
  if (index > 0) refuse(index, 'a second "init"');
  if (event.pcr !== pcr) refuse(index, `"init" is of PCR ${event.pcr}, its record of PCR ${pcr}`);
  const found = fromBankValues(event.found);
  if (isAllZero(found)) return { values: found };
  return { values: found, gap: { expected: zeros(found.keys()), found } };
}

function fromGap(event: GapEvent, index: number, values: PcrValues): StartingPoint {
  const expected = fromBankValues(event.expected);
  if (!sameValues(expected, values)) refuse(index, '"gap" expects what the log does not replay to');
  const found = fromBankValues(event.found);
  return { values: found, gap: { expected, found } };
}

function checkDigests(record: LogRecord, index: number, values: PcrValues): void {
  if (!sameBanks(values, record.digests)) {
    refuse(index, `has digests for ${banksOf(record.digests)}, not for ${banksOf(values)}`);
  }
  const computed = digestString(record.string, values.keys());
  const inOrder = banksOf(record.digests) === banksOf(computed);
  if (!inOrder || !sameValues(computed, record.digests)) {
    refuse(index, 'has a digest that is not that of its string');
  }
}

function banksOf(values: PcrValues): string {
  return [...values.keys()].join(', ');
}

function refuse(index: number, what: string): never {
  throw new HookError('log', `record ${index}: ${what}`);
}
