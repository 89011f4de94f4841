/** Whether the kernel listed what it was shown, and extended PCR 10 by it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { HookError } from '#hook/errors';
import type { PcrValues } from '#hook/log/tpm';
import {
  activeReplayBanks,
  beginning,
  isWhole,
  type ListAnchor,
  type ListSource,
} from './list-anchor.ts';
import type { ListMemory } from './list-memory.ts';
import { readEntries } from './list-reader.ts';
import { IMA_PCR, type ReplayBank } from './list-replay.ts';
import { type EntryPlace, type ListWalk, replaysPadded, walkList } from './list-walk.ts';
import { isEntryOf } from './own-entry.ts';
import type { ShownRecord } from './record-file.ts';

/** docs/ima-records.md §5 */
export type ImaOutcome = 'measured' | 'already-measured' | 'not-covered' | 'not-in-pcr' | 'no-ima';

export interface ShownRecords {
  /** Undefined for a start that has none. */
  readonly image: ShownRecord | undefined;
  readonly container: ShownRecord;
}

export interface ImaResult {
  readonly image: ImaOutcome | undefined;
  readonly container: ImaOutcome;
  /** The list's beginning was exported away before anybody here had read it: nothing is known of what was before. */
  readonly headless: boolean;
  /** For people, where an outcome is not a good one. */
  readonly reason?: string;
}

const ATTEMPTS = 3;
const PAUSE_MS = 20;

/**
 * @param anchor where the list was read to before the records were shown
 * @throws HookError 'ima', 'tpm'
 */
export async function confirm(
  shown: ShownRecords,
  source: ListSource,
  anchor: ListAnchor,
  memory: ListMemory,
): Promise<ImaResult> {
  const walk = await walkUntilCovered(shown, source, anchor);
  const container = outcomeOf(shown.container, walk) ?? 'not-covered';
  const image = shown.image && imageOutcome(shown.image, container, walk, source, anchor, memory);
  const isListed = image === 'measured' || image === 'already-measured';
  remember(walk, source, isListed ? shown.image : undefined, memory);
  const reason = reasonFor(walk, shown, container, image);
  return {
    image,
    container,
    headless: anchor.isHeadless,
    ...(reason === undefined ? {} : { reason }),
  };
}

/** The PCR first: a list that is read after it has all that the PCR has. */
async function walkUntilCovered(
  { image, container }: ShownRecords,
  source: ListSource,
  from: ListAnchor,
): Promise<ListWalk> {
  const wanted = image === undefined ? [container] : [image, container];
  let anchor = from;
  for (let attempt = 1; ; attempt++) {
    source.interrupt();
    const pcr = await source.tpm.readPcr(IMA_PCR);
    const walk = walkInBank(source, anchor, pcr, wanted);
    if (walk !== undefined && isSettled(walk)) {
      if (anchor === beginning && !walk.found.has(container) && !isWhole(source)) throw cutShort();
      return walk;
    }
    if (anchor.last !== undefined && isWhole(source)) {
      // What was remembered does not fit, or was not right.
      anchor = beginning;
    } else if (walk === undefined) {
      throw cutShort();
    } else if (attempt >= ATTEMPTS) {
      return walk;
    } else {
      await sleep(PAUSE_MS);
    }
  }
}

/** What is not listed now will not be: the kernel lists before the open returns. */
function isSettled(walk: ListWalk): boolean {
  return [...walk.found.values()].every((place) => isCovered(place, walk));
}

function cutShort(): HookError {
  return new HookError(
    'ima',
    "the kernel's list was exported away while the record was looked for: whether it was listed cannot be told",
  );
}

/** In the best bank, passing over those that hold padded digests. */
function walkInBank(
  source: ListSource,
  anchor: ListAnchor,
  pcr: PcrValues,
  wanted: readonly ShownRecord[],
): ListWalk | undefined {
  const banks = candidates(anchor, pcr);
  if (banks.length === 0) return undefined;
  for (const bank of banks) {
    const walk = walkList(source, anchor, bank, pcr, wanted);
    const mayBePadded = bank === 'sha384' || bank === 'sha512';
    if (walk?.coveredCount !== undefined || !mayBePadded || !replaysPadded(source, bank, pcr)) {
      return walk;
    }
  }
  throw new HookError(
    'ima',
    `PCR 10 is active in ${banks.join(' and ')} alone, where this kernel extends it by SHA-1 digests padded with zeros: that proves no more than SHA-1`,
  );
}

function candidates({ reached }: ListAnchor, pcr: PcrValues): ReplayBank[] {
  if (reached === undefined) return activeReplayBanks(pcr);
  return pcr.has(reached.bank) ? [reached.bank] : [];
}

function isCovered({ count }: EntryPlace, { coveredCount = -1 }: ListWalk): boolean {
  return coveredCount >= count;
}

function outcomeOf(record: ShownRecord, walk: ListWalk): ImaOutcome | undefined {
  const place = walk.found.get(record);
  if (place === undefined) return undefined;
  return isCovered(place, walk) ? 'measured' : 'not-in-pcr';
}

/** An image record is listed once per boot: by this start, by one that is remembered, or before the anchor. */
function imageOutcome(
  image: ShownRecord,
  container: ImaOutcome,
  walk: ListWalk,
  source: ListSource,
  anchor: ListAnchor,
  memory: ListMemory,
): ImaOutcome {
  const outcome = outcomeOf(image, walk);
  const isKnown = memory.hasImage(image);
  if (isKnown && (outcome === undefined || outcome === 'measured')) return 'already-measured';
  // Where the rule does not cover this start's other record, it covers none.
  if (outcome !== undefined || container === 'not-covered') return outcome ?? 'not-covered';
  return isListedBefore(image, source, anchor) ? 'already-measured' : 'not-covered';
}

/** Where nobody remembers: the list is read from its beginning. */
function isListedBefore(
  image: ShownRecord,
  { list, interrupt }: ListSource,
  anchor: ListAnchor,
): boolean {
  for (const placed of readEntries(list, 0, interrupt)) {
    if (placed.offset >= anchor.offset) return false;
    if (isEntryOf(placed, image)) return true;
  }
  return false;
}

function remember(
  { bank, covered }: ListWalk,
  { list }: ListSource,
  image: ShownRecord | undefined,
  memory: ListMemory,
): void {
  if (covered !== undefined) {
    const { count, offset, length, sha256, value } = covered;
    const place = { list: list.name, bank, count, offset, length, sha256 };
    memory.rememberCheckpoint({ ...place, value: value.toHex() });
  }
  if (image !== undefined) memory.rememberImage(image);
}

function reasonFor(
  walk: ListWalk,
  shown: ShownRecords,
  container: ImaOutcome,
  image: ImaOutcome | undefined,
): string | undefined {
  const outcomes = [container, image];
  if (outcomes.includes('not-in-pcr')) {
    const { bank, pcr, coveredCount } = walk;
    const value = `PCR 10 (${bank} ${pcr})`;
    return coveredCount === undefined
      ? `the kernel's list holds the record and does not replay to ${value}: list and PCR part ways until the next boot`
      : `the kernel's list holds the record and ${value} does not: list and PCR part ways after entry ${coveredCount}, until the next boot`;
  }
  if (!outcomes.includes('not-covered')) return undefined;
  const path = container === 'not-covered' ? shown.container.path : shown.image?.path;
  return `the kernel's list does not hold ${path}: no rule of the IMA policy in force covers it`;
}
