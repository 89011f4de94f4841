/** The change that is under way (docs/measurement-log.md §5). */
import { HookError } from '#hook/errors';
import { replaceFile } from './durable-file.ts';
import { bankValues, decodeEvent, encodeEvent } from './event-string.ts';
import type { BankValues, MeasurementEvent } from './measurement-event.ts';
import { encodeRecord, type LogRecord, parseRecord } from './measurement-log.ts';
import { fromBankValues, toBankValues } from './pcr.ts';
import { count, listOf, matching, objectOf, oneOf, text } from './shape.ts';
import type { PcrValues } from './tpm.ts';

/**
 * How far the change got: `extend` – not known whether extended; `append` – the PCR was seen to hold `after`; `settle` – the record is in the log.
 */
export type Stage = 'extend' | 'append' | 'settle';

export interface Intent {
  readonly stage: Stage;
  readonly before: PcrValues;
  readonly after: PcrValues;
  /** With the offset at which it belongs into the log. */
  readonly record: LogRecord;
  /** Must be appended after this one, in this order. */
  readonly owed: readonly MeasurementEvent[];
}

interface WrittenIntent {
  readonly v: 1;
  readonly bootId: string;
  readonly pcr: number;
  readonly stage: Stage;
  readonly offset: number;
  readonly record: string;
  readonly before: BankValues;
  readonly after: BankValues;
  readonly owed: readonly string[];
}

const writtenIntent = objectOf<WrittenIntent>({
  v: oneOf(1),
  bootId: matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
  pcr: count,
  stage: oneOf('extend', 'append', 'settle'),
  offset: count,
  record: text,
  before: bankValues,
  after: bankValues,
  owed: listOf(text),
});

export function writeIntent(path: string, { stage, before, after, record, owed }: Intent): void {
  const written: WrittenIntent = {
    v: 1,
    bootId: record.bootId,
    pcr: record.pcr,
    stage,
    offset: record.offset,
    record: Buffer.from(encodeRecord(record)).toString(),
    before: toBankValues(before),
    after: toBankValues(after),
    owed: owed.map(encodeEvent),
  };
  replaceFile(path, `${JSON.stringify(written)}\n`);
}

/** @throws HookError 'log' for anything that `writeIntent` does not write */
export function parseIntent(bytes: Uint8Array): Intent {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(bytes).toString());
  } catch (cause) {
    throw new HookError('log', 'the intent is not JSON', { cause });
  }
  const written = writtenIntent(parsed, 'intent');
  const record = parseRecord(Buffer.from(written.record), written.offset, 'record of the intent');
  return {
    stage: written.stage,
    before: fromBankValues(written.before),
    after: fromBankValues(written.after),
    record,
    owed: written.owed.map(decodeEvent),
  };
}
