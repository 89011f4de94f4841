import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import type { PcrValues } from '#hook/log/tpm';
import { isRemembered, type ListAnchor, type ListSource } from './list-anchor.ts';
import { type PlacedEntry, readEntries } from './list-reader.ts';
import { extendedByPadded, extendValue, type ReplayBank, zeroValue } from './list-replay.ts';
import { isEntryOf } from './own-entry.ts';
import type { ShownRecord } from './record-file.ts';

/** One entry of the list: which, and where. */
export interface EntryPlace {
  /** Entries up to and with this one. */
  readonly count: number;
  readonly offset: number;
  readonly length: number;
}

export interface CoveredPlace extends EntryPlace {
  /** Of the entry's bytes, in hexadecimal. */
  readonly sha256: string;
  readonly value: Uint8Array;
}

/** What the list's tail shows. */
export interface ListWalk {
  readonly bank: ReplayBank;
  /** What PCR 10 held, in hexadecimal. */
  readonly pcr: string;
  readonly found: ReadonlyMap<ShownRecord, EntryPlace>;
  /** How far the PCR covers the list; undefined: its value was not met. */
  readonly coveredCount: number | undefined;
  /** The last covered entry, unless nothing was added since the anchor. */
  readonly covered: CoveredPlace | undefined;
}

/**
 * Replays the list from the anchor until the PCR's value and all records were met, or to its end.
 * @returns undefined where the anchor's last entry is not at its place
 */
export function walkList(
  source: ListSource,
  anchor: ListAnchor,
  bank: ReplayBank,
  pcr: PcrValues,
  wanted: readonly ShownRecord[],
): ListWalk | undefined {
  const goal = (pcr.get(bank) ?? zeroValue(bank)).toHex();
  const found = new Map<ShownRecord, EntryPlace>();
  let value = anchor.reached?.value ?? zeroValue(bank);
  let { count } = anchor;
  let coveredCount = value.toHex() === goal ? count : undefined;
  let covered: CoveredPlace | undefined;
  const entries = readFrom(source, anchor);
  if (entries === undefined) return undefined;
  for (const placed of entries) {
    const { entry, offset, bytes } = placed;
    const place = { count: ++count, offset, length: bytes.length };
    const ours = wanted.find((one) => !found.has(one) && isEntryOf(placed, one));
    if (ours !== undefined) found.set(ours, place);
    value = extendValue(value, entry, bank);
    if (value.toHex() !== goal) continue;
    coveredCount = count;
    covered = { ...place, sha256: sha256(bytes).toHex(), value };
    if (found.size === wanted.length) break;
  }
  return { bank, pcr: goal, found, coveredCount, covered };
}

/** From the anchor's last entry, so that it is looked at and the list is read from one place only. */
function readFrom(
  { list, interrupt }: ListSource,
  { last, offset }: ListAnchor,
): Generator<PlacedEntry> | undefined {
  const entries = readEntries(list, last?.offset ?? offset, interrupt);
  if (last === undefined) return entries;
  try {
    const { value } = entries.next();
    return value !== undefined && isRemembered(value.bytes, last) ? entries : undefined;
  } catch (thrown) {
    // Something else is at that place, and not from its beginning.
    if (thrown instanceof HookError && thrown.code === 'ima') return undefined;
    throw thrown;
  }
}

/** Whether PCR 10 shows the list replayed with padded SHA-1 digests, as it is in banks whose hash the kernel lacked. */
export function replaysPadded(
  { list, interrupt }: ListSource,
  bank: ReplayBank,
  pcr: PcrValues,
): boolean {
  const goal = pcr.get(bank)?.toHex();
  let value = zeroValue(bank);
  for (const { entry } of readEntries(list, 0, interrupt)) {
    value = extendValue(value, entry, bank, extendedByPadded);
    if (value.toHex() === goal) return true;
  }
  return false;
}
