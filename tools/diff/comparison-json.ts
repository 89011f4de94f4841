import { escapePath } from '#digest/listing-path';
import type { Difference } from './compare.ts';
import type { Comparison } from './comparison.ts';

/** docs/schema/diff.json */
export function describeComparison({ a, b, differences }: Comparison): object {
  return {
    equal: a.digest === b.digest,
    a: { source: a.source, digest: a.digest },
    b: { source: b.source, digest: b.digest },
    differences: differences.map(describeDifference),
  };
}

/** JSON has no undefined: what a side does not have is absent. */
function describeDifference({ path, a, b, fields }: Difference): object {
  const both = a !== undefined && b !== undefined;
  return { path: escapePath(path), in: both ? 'both' : a === undefined ? 'b' : 'a', fields };
}
