import type { ByteString, Entry } from './entry.ts';
import { comparePaths } from './listing-order.ts';

export interface AlignedEntries {
  readonly path: ByteString;
  /** Of each listing; undefined where it does not have the path. */
  readonly entries: readonly (Entry | undefined)[];
}

/** Walks listings side by side, path after path: nothing is kept of them. */
export function* alignEntries(listings: readonly (readonly Entry[])[]): Generator<AlignedEntries> {
  const cursors = listings.map((entries) => ({ entries, next: 0 }));
  for (;;) {
    const heads = cursors.map(({ entries, next }) => entries[next]);
    const path = firstPath(heads);
    if (path === undefined) return;
    const entries = heads.map((head) => (head?.path === path ? head : undefined));
    for (const [index, cursor] of cursors.entries()) if (entries[index]) cursor.next += 1;
    yield { path, entries };
  }
}

function firstPath(heads: readonly (Entry | undefined)[]): ByteString | undefined {
  let first: ByteString | undefined;
  for (const head of heads) {
    if (head && (first === undefined || comparePaths(head.path, first) < 0)) first = head.path;
  }
  return first;
}

/** @param entries in a listing's order */
export function findEntry(entries: readonly Entry[], path: ByteString): Entry | undefined {
  let [low, high] = [0, entries.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = entries[middle];
    const order = found === undefined ? 1 : comparePaths(found.path, path);
    if (order === 0) return found;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}
