import type { ByteString, Entry } from '#digest/entry';
import { encodeEntry } from '#digest/listing';
import { comparePaths } from '#digest/listing-order';
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
  for (const [left, right] of pairByPath(a, b)) {
    const path = (left ?? right)?.path ?? '';
    if (left === undefined || right === undefined || encodeEntry(left) !== encodeEntry(right)) {
      yield { path, a: left, b: right, fields: compareFields(left, right) };
    }
  }
}

type Pair = readonly [a: Entry | undefined, b: Entry | undefined];

function* pairByPath(a: readonly Entry[], b: readonly Entry[]): Generator<Pair> {
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    const [left, right] = [a[i], b[j]];
    const order = compareNext(left, right);
    if (order <= 0) i += 1;
    if (order >= 0) j += 1;
    yield [order <= 0 ? left : undefined, order >= 0 ? right : undefined];
  }
}

/** A side that has come to its end is behind whatever the other one still has. */
function compareNext(left: Entry | undefined, right: Entry | undefined): number {
  if (left === undefined) return 1;
  return right === undefined ? -1 : comparePaths(left.path, right.path);
}

function compareFields(a: Entry | undefined, b: Entry | undefined): readonly FieldDifference[] {
  const [ofA, ofB] = [fieldsOf(a), fieldsOf(b)];
  return [...new Set([...ofA.keys(), ...ofB.keys()])]
    .toSorted(compareFieldNames)
    .map((field) => ({ field, a: ofA.get(field), b: ofB.get(field) }))
    .filter((difference) => difference.a !== difference.b);
}
