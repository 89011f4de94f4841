/**
 * The log's file format (docs/measurement-log.md §2): an RFC 7464 JSON text sequence in the shape that systemd gives to the JSON form
 * of the TCG Canonical Event Log. The same bytes for the same record, and nothing else is read.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import { type BankName, bankSize, isBankName } from './bank.ts';
import { decodeEvent } from './event-string.ts';
import type { MeasurementEvent, Sha256Text } from './measurement-event.ts';
import { count, guarded, listOf, matching, objectOf, oneOf, text } from './shape.ts';
import type { PcrValues } from './tpm.ts';

const RECORD_SEPARATOR = 0x1e;
const LINE_FEED = 0x0a;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** What is written of a record. */
export interface RecordContent {
  readonly pcr: number;
  readonly digests: PcrValues;
  readonly event: MeasurementEvent;
  /** The event as `encodeEvent` writes it. */
  readonly string: string;
  readonly bootId: string;
  /** Microseconds since boot. Not measured. */
  readonly timestamp: number;
}

export interface LogRecord extends RecordContent {
  /** SHA-256 of `string`: how other records name this one. */
  readonly sha256: Sha256Text;
  /** Of the record's first byte in the log. */
  readonly offset: number;
  /** Bytes in the log, from 0x1e to 0x0a. */
  readonly length: number;
}

interface WrittenDigest {
  readonly hashAlg: BankName;
  readonly digest: string;
}

interface WrittenRecord {
  readonly pcr: number;
  readonly digests: readonly WrittenDigest[];
  readonly content_type: 'oci-measure';
  readonly content: {
    readonly string: string;
    readonly bootId: string;
    readonly timestamp: number;
    readonly eventType: string;
  };
}

const bank = guarded(
  (value): value is BankName => typeof value === 'string' && isBankName(value),
  'a bank',
);

const writtenRecord = objectOf<WrittenRecord>({
  pcr: count,
  digests: listOf(objectOf<WrittenDigest>({ hashAlg: bank, digest: text })),
  content_type: oneOf('oci-measure'),
  content: objectOf<WrittenRecord['content']>({
    string: text,
    bootId: matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
    timestamp: count,
    eventType: text,
  }),
});

/** The record's bytes, 0x1e and 0x0a included. */
export function encodeRecord(record: RecordContent): Uint8Array {
  return new TextEncoder().encode(recordText(record));
}

function recordText({ pcr, digests, event, string, bootId, timestamp }: RecordContent): string {
  const written: WrittenRecord = {
    pcr,
    digests: [...digests].map(([hashAlg, digest]) => ({ hashAlg, digest: digest.toHex() })),
    content_type: 'oci-measure',
    content: { string, bootId, timestamp, eventType: event.type },
  };
  return `\u001e${JSON.stringify(written)}\n`;
}

/**
 * Where complete records end: what follows is the torn tail of a write that was cut short.
 */
export function completeLength(log: Uint8Array): number {
  return log.lastIndexOf(LINE_FEED) + 1;
}

/**
 * All records of a log, or of its end from byte `offset` on.
 * @throws HookError 'log', naming the record's number and offset, unless every byte belongs to a record that `encodeRecord` would write.
 *   Digests are not recomputed here: `replay` does.
 */
export function parseLog(log: Uint8Array, offset: number = 0): LogRecord[] {
  const records: LogRecord[] = [];
  for (let at = 0; at < log.length; ) {
    const end = log.indexOf(LINE_FEED, at);
    const where = `record ${records.length} at byte ${offset + at}`;
    if (end === -1) throw new HookError('log', `${where}: no line feed at its end`);
    records.push(parseRecord(log.subarray(at, end + 1), offset + at, where));
    at = end + 1;
  }
  return records;
}

/**
 * One record's bytes.
 * @throws HookError 'log'
 */
export function parseRecord(bytes: Uint8Array, offset: number, where: string): LogRecord {
  if (bytes[0] !== RECORD_SEPARATOR) {
    throw new HookError('log', `${where}: does not begin with 0x1e`);
  }
  return naming(where, () => {
    const written = utf8.decode(bytes);
    const { pcr, digests, content } = writtenRecord(JSON.parse(written.slice(1)), 'record');
    const { string, bootId, timestamp } = content;
    const event = decodeEvent(string);
    const record = { pcr, digests: readDigests(digests), event, string, bootId, timestamp };
    if (recordText(record) !== written) throw new HookError('log', 'not written as a record is');
    return { ...record, sha256: stringSha256(string), offset, length: bytes.length };
  });
}

function readDigests(written: readonly WrittenDigest[]): PcrValues {
  return new Map(written.map(({ hashAlg, digest }) => [hashAlg, bytesOf(hashAlg, digest)]));
}

function bytesOf(hashAlg: BankName, digest: string): Uint8Array {
  if (digest.length !== bankSize(hashAlg) * 2 || !/^[0-9a-f]*$/.test(digest)) {
    throw new HookError('log', `${hashAlg}: expected a digest, found ${JSON.stringify(digest)}`);
  }
  return Uint8Array.fromHex(digest);
}

/** How other records name the record of this string. */
export function stringSha256(string: string): Sha256Text {
  return `sha256:${sha256(new TextEncoder().encode(string)).toHex()}`;
}

function naming<T>(where: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HookError('log', `${where}: ${reason}`, { cause });
  }
}
