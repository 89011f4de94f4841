import type { Difference } from './compare.ts';

/** A difference, and how many more are but its consequence. */
export interface Fold {
  readonly difference: Difference;
  /** Entries below a path that is a directory on one side alone. */
  readonly below: number;
}

/**
 * Takes together what people see as one: a directory that the other side does not have, with all that is below it.
 *
 * @param differences in a listing's order
 */
export function foldTrees(differences: readonly Difference[]): readonly Fold[] {
  const folds: Fold[] = [];
  for (let at = 0; at < differences.length; ) {
    const difference = differences[at];
    if (difference === undefined) break;
    const below = isTreeOfOneSide(difference) ? countBelow(differences, at) : 0;
    folds.push({ difference, below });
    at += 1 + below;
  }
  return folds;
}

function isTreeOfOneSide({ a, b }: Difference): boolean {
  return (a?.kind === 'dir') !== (b?.kind === 'dir');
}

/** All of them are on that side alone: nothing can be below what is no directory. */
function countBelow(differences: readonly Difference[], at: number): number {
  const prefix = `${differences[at]?.path}/`;
  let end = at + 1;
  while (differences[end]?.path.startsWith(prefix) === true) end += 1;
  return end - at - 1;
}
