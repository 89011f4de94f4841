/**
 * What a log came to up to some record, so that the next hook need not replay all of it: ten thousand records take seconds. Never
 * needed, never trusted by a verifier, and left behind wherever it does not fit the log.
 */
import { replaceFileUnsynced } from './durable-file.ts';
import { bankValues, sha256Text } from './event-string.ts';
import type { BankValues, Sha256Text } from './measurement-event.ts';
import { readMemory, unimportant } from './memory-file.ts';
import { fromBankValues, toBankValues } from './pcr.ts';
import type { ReplayState } from './replay.ts';
import { count, listOf, matching, objectOf, oneOf, text } from './shape.ts';

/** Where one PCR's records have come to. */
export interface PcrState extends ReplayState {
  /** What the last `init` or `config` says. */
  readonly version: string;
  readonly config: Sha256Text;
}

export interface LogCheckpoint {
  readonly bootId: string;
  /** Bytes of the log, up to and with the record that was the last. */
  readonly size: number;
  /** Of the last record's bytes. */
  readonly lastLength: number;
  readonly lastSha256: Sha256Text;
  readonly pcrs: ReadonlyMap<number, PcrState>;
}

interface WrittenPcr {
  readonly pcr: number;
  readonly records: number;
  readonly values: BankValues;
  readonly version: string;
  readonly config: Sha256Text;
}

interface WrittenCheckpoint {
  readonly v: 1;
  readonly bootId: string;
  readonly size: number;
  readonly lastLength: number;
  readonly lastSha256: Sha256Text;
  readonly pcrs: readonly WrittenPcr[];
}

const written = objectOf<WrittenCheckpoint>({
  v: oneOf(1),
  bootId: matching(/^[0-9a-f]{32}$/, '32 hexadecimal digits'),
  size: count,
  lastLength: count,
  lastSha256: sha256Text,
  pcrs: listOf(
    objectOf<WrittenPcr>({
      pcr: count,
      records: count,
      values: bankValues,
      version: text,
      config: sha256Text,
    }),
  ),
});

const MAX_BYTES = 65_536;

/** Not a failure if it cannot be written. */
export function writeCheckpoint(path: string, checkpoint: LogCheckpoint): void {
  const { bootId, size, lastLength, lastSha256, pcrs } = checkpoint;
  const content: WrittenCheckpoint = {
    v: 1,
    bootId,
    size,
    lastLength,
    lastSha256,
    pcrs: [...pcrs].map(([pcr, { records, values, version, config }]) => ({
      pcr,
      records,
      values: toBankValues(values),
      version,
      config,
    })),
  };
  unimportant(() => replaceFileUnsynced(path, `${JSON.stringify(content)}\n`));
}

/** Undefined if there is none that can be read. */
export function readCheckpoint(path: string): LogCheckpoint | undefined {
  const found = readMemory(path, MAX_BYTES, written);
  if (found === undefined) return undefined;
  const { pcrs, ...read } = found;
  return { ...read, pcrs: new Map(pcrs.map((one) => [one.pcr, stateOf(one, read.bootId)])) };
}

function stateOf({ records, values, version, config }: WrittenPcr, bootId: string): PcrState {
  return { records, values: fromBankValues(values), version, config, bootId };
}
