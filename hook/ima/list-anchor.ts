/** Where in the list to begin: what lies before was replayed by an earlier start of this boot, or is nothing. */
import { sha256 } from '@noble/hashes/sha2.js';
import { HookError } from '#hook/errors';
import type { PcrValues, Tpm } from '#hook/log/tpm';
import type { ListFile } from './list-file.ts';
import type { ListCheckpoint } from './list-memory.ts';
import { readEntries, readEntryAt } from './list-reader.ts';
import { IMA_PCR, type ReplayBank, replayBanks } from './list-replay.ts';
import { measuredFile } from './template.ts';

export interface ListAnchor {
  /** Of the next entry. */
  readonly offset: number;
  /** Entries before it. */
  readonly count: number;
  /** What PCR 10 holds here; undefined: zeros in every bank. */
  readonly reached: { readonly bank: ReplayBank; readonly value: Uint8Array } | undefined;
  /** The entry before it, by which to see that it is still where it was. */
  readonly last: Pick<ListCheckpoint, 'offset' | 'length' | 'sha256'> | undefined;
  /** The list no longer has its beginning, and nobody remembers where this is in it. */
  readonly isHeadless: boolean;
}

export interface ListSource {
  readonly list: ListFile;
  readonly tpm: Pick<Tpm, 'readPcr'>;
  readonly interrupt: () => void;
}

export const beginning: ListAnchor = {
  offset: 0,
  count: 0,
  reached: undefined,
  last: undefined,
  isHeadless: false,
};

/**
 * To be asked before records are shown to the kernel. That a remembered entry is at its place is seen when the list is read from there: the
 * kernel goes through its whole list whenever it is read from somewhere else.
 * @throws HookError 'ima', 'tpm'
 */
export async function findAnchor(
  source: ListSource,
  checkpoint: ListCheckpoint | undefined,
): Promise<ListAnchor> {
  const known = checkpoint?.list === source.list.name ? checkpoint : undefined;
  if (isWhole(source)) return known === undefined ? beginning : after(known, known.offset);
  return relocate(source, known) ?? (await anchorByPcr(source));
}

/** Whether the list still begins where the boot did. */
export function isWhole({ list, interrupt }: ListSource): boolean {
  const first = readEntryAt(list, 0, interrupt);
  return first !== undefined && measuredFile(first.entry, first.order)?.path === 'boot_aggregate';
}

/** Whether these are the bytes of the entry that was remembered. */
export function isRemembered(
  bytes: Uint8Array,
  { length, sha256: expected }: { length: number; sha256: string },
): boolean {
  return bytes.length === length && sha256(bytes).toHex() === expected;
}

/** The remembered entry, further ahead than it was because others before it are gone. */
function relocate(
  { list, interrupt }: ListSource,
  checkpoint: ListCheckpoint | undefined,
): ListAnchor | undefined {
  if (checkpoint === undefined) return undefined;
  for (const { offset, bytes } of readEntries(list, 0, interrupt)) {
    if (isRemembered(bytes, checkpoint)) return after(checkpoint, offset);
  }
  return undefined;
}

function after(
  { bank, count, length, sha256: of, value }: ListCheckpoint,
  offset: number,
): ListAnchor {
  const reached = { bank, value: Uint8Array.fromHex(value) };
  const last = { offset, length, sha256: of };
  return { offset: offset + length, count, reached, last, isHeadless: false };
}

const ATTEMPTS = 5;

/** The list's end is where the PCR is, if nothing was added while the PCR was read. */
async function anchorByPcr({ list, tpm, interrupt }: ListSource): Promise<ListAnchor> {
  let offset = 0;
  let count = 0;
  let last: ListAnchor['last'];
  for (let attempt = 0; attempt <= ATTEMPTS; attempt++) {
    const pcr = await tpm.readPcr(IMA_PCR);
    const before = count;
    for (const placed of readEntries(list, offset, interrupt)) {
      const { length } = placed.bytes;
      last = { offset: placed.offset, length, sha256: sha256(placed.bytes).toHex() };
      offset = placed.offset + length;
      count += 1;
    }
    if (attempt > 0 && count === before) {
      const [bank] = activeReplayBanks(pcr);
      const value = pcr.get(bank) ?? new Uint8Array(0);
      return { offset, count, reached: { bank, value }, last, isHeadless: true };
    }
  }
  throw new HookError(
    'ima',
    "the beginning of the kernel's list was exported away, and what is left grows too fast to be compared with PCR 10",
  );
}

/**
 * The active banks that can be replayed, best first.
 * @throws HookError 'ima' where there is none
 */
export function activeReplayBanks(pcr: PcrValues): [ReplayBank, ...ReplayBank[]] {
  const [best, ...others] = replayBanks.filter((bank) => pcr.has(bank));
  if (best !== undefined) return [best, ...others];
  const active = [...pcr.keys()].join(', ');
  throw new HookError('ima', `PCR 10 has no bank that can be replayed, only ${active}`);
}
