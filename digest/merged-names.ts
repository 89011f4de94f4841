import type { ByteString } from './entry.ts';

/** The names of a directory in a listing's order, each with the parts that have it. */
export interface MergedNames {
  readonly names: readonly ByteString[];
  /** Beside `names`, indices of parts in ascending order; undefined where there is one part. */
  readonly partsWithName: readonly (readonly number[])[] | undefined;
}

/** @param lists each part's names, sorted, topmost part first */
export function mergeNames(lists: readonly (readonly ByteString[])[]): MergedNames {
  const [only] = lists;
  if (only !== undefined && lists.length === 1) return { names: only, partsWithName: undefined };
  const parts = new Map<ByteString, readonly number[]>();
  for (const [index, list] of lists.entries()) {
    // Most names are in one part: they share one array.
    const alone = [index];
    for (const name of list) {
      const above = parts.get(name);
      parts.set(name, above === undefined ? alone : [...above, index]);
    }
  }
  const names = [...parts.keys()].toSorted();
  return { names, partsWithName: names.map((name) => parts.get(name) ?? []) };
}
