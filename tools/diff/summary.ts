import type { Difference } from './compare.ts';
import { notableFields } from './notable-fields.ts';

/** One line: how many paths, where they are, and how often which field. */
export function summarize(differences: readonly Difference[]): string {
  const inBoth = differences.filter(({ a, b }) => a !== undefined && b !== undefined);
  const counts = [
    count(inBoth.length, inBoth.length === 1 ? 'path differs' : 'paths differ'),
    count(differences.filter(({ b }) => b === undefined).length, 'only in A'),
    count(differences.filter(({ a }) => a === undefined).length, 'only in B'),
  ].filter((text) => text !== undefined);
  const fields = [...countFields(inBoth)].map(([field, number]) => count(number, field, ' × '));
  return fields.length === 0 ? counts.join(', ') : `${counts.join(', ')} (${fields.join(', ')})`;
}

function countFields(differences: readonly Difference[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { field } of differences.flatMap(notableFields)) {
    counts.set(field, (counts.get(field) ?? 0) + 1);
  }
  return counts;
}

function count(number: number, what: string, between = ' '): string | undefined {
  return number === 0 ? undefined : `${number.toLocaleString('en')}${between}${what}`;
}
