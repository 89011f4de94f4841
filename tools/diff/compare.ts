import { alignEntries } from '#digest/aligned-entries';
import type { ByteString, Entry } from '#digest/entry';
import { encodeEntry } from '#digest/listing';
import { compareFieldNames, fieldsOf } from './entry-fields.ts';

/** One field that is not the same; undefined where an entry has no such field. */
export interface FieldDifference {
  readonly field: string;
  readonly a: string | undefined;
  readonly b: string | undefined;
}

/** One path that is not the same; undefined where there is no entry. */
export interface Difference {
  readonly path: ByteString;
  readonly a: Entry | undefined;
  readonly b: Entry | undefined;
  /** Never empty; every field where only one side has the path. */
  readonly fields: readonly FieldDifference[];
}

/** What differs between the entries of two listings; all in a listing's order. */
export function* compareEntries(a: readonly Entry[], b: readonly Entry[]): Generator<Difference> {
  for (const { path, entries } of alignEntries([a, b])) {
    const [left, right] = entries;
    if (left === undefined || right === undefined || encodeEntry(left) !== encodeEntry(right)) {
      yield { path, a: left, b: right, fields: compareFields(left, right) };
    }
  }
}

function compareFields(a: Entry | undefined, b: Entry | undefined): readonly FieldDifference[] {
  const [ofA, ofB] = [fieldsOf(a), fieldsOf(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .toSorted(compareFieldNames)
    .map((field) => ({ field, a: ofA.get(field), b: ofB.get(field) }))
    .filter((difference) => difference.a !== difference.b);
}
