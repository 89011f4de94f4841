import type { Difference, FieldDifference } from './compare.ts';

/** What only entries of some types have: where the type differs, so do these. */
const OF_TYPE = new Set(['mode', 'size', 'sha256digest', 'link', 'device']);

/** What to tell people of a path that both sides have: not what another type brings along. */
export function notableFields({ fields }: Difference): readonly FieldDifference[] {
  return fields.filter(
    ({ field, a, b }) => (a !== undefined && b !== undefined) || !OF_TYPE.has(field),
  );
}
