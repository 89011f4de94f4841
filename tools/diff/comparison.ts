import type { Difference } from './compare.ts';
import type { Side } from './side.ts';

export interface Comparison {
  readonly a: Side;
  readonly b: Side;
  /** In a listing's order; none if the digests are equal. */
  readonly differences: readonly Difference[];
}
