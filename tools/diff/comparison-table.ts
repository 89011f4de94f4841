import type { Entry } from '#digest/entry';
import { escapeBytes, escapePath } from '#digest/listing-path';
import { type Cell, formatTable, isTerminal, paint } from '#tools/table';
import type { FieldDifference } from './compare.ts';
import type { Comparison } from './comparison.ts';
import { type Fold, foldTrees } from './fold-trees.ts';
import { notableFields } from './notable-fields.ts';
import { summarize } from './summary.ts';

const HEAD = ['PATH', 'FIELD', 'A', 'B'];
const SHORT_SHA256 = 12;

/** A comparison for people: a table of what differs, and its sum. */
export function formatComparison({ a, b, differences }: Comparison): string {
  if (a.digest === b.digest) return `${paint('green', 'equal')}: ${a.digest}\n`;
  const sides = [
    [{ text: 'A', style: 'red' }, { text: a.digest }, { text: a.source }],
    [{ text: 'B', style: 'green' }, { text: b.digest }, { text: b.source }],
  ] as const;
  const table = formatTable(HEAD, foldTrees(differences).flatMap(formatFold));
  return `${formatTable([], sides)}\n${table}\n${summarize(differences)}\n`;
}

/** The path once, and a line for each field. */
function formatFold(fold: Fold): readonly (readonly Cell[])[] {
  const path = escapePath(fold.difference.path);
  return linesOf(fold).map(({ field, a, b }, line) => [
    { text: line === 0 ? path : '' },
    { text: field },
    { text: shorten(field, a), style: 'red' },
    { text: shorten(field, b), style: 'green' },
  ]);
}

function linesOf({ difference, below }: Fold): readonly FieldDifference[] {
  const { a, b } = difference;
  const outlines = { a: outline(a, below), b: outline(b, below) };
  if (a === undefined) return [{ field: 'only in B', ...outlines }];
  if (b === undefined) return [{ field: 'only in A', ...outlines }];
  return notableFields(difference).map((line) =>
    line.field === 'type' ? { field: 'type', ...outlines } : line,
  );
}

/** An entry in a few words. */
function outline(entry: Entry | undefined, below: number): string | undefined {
  switch (entry?.kind) {
    case 'dir':
      return below === 0 ? 'dir' : `dir, and ${below.toLocaleString('en')} below`;
    case 'file':
      return `file, ${entry.size.toLocaleString('en')} ${entry.size === 1 ? 'byte' : 'bytes'}`;
    case 'link':
      return `link to ${escapeBytes(entry.target)}`;
    case 'char':
    case 'block':
      return `${entry.kind} ${entry.major},${entry.minor}`;
    case 'fifo':
      return 'fifo';
    case undefined:
      return undefined;
  }
}

/** Digests are short on a terminal, where people compare them by eye, and whole elsewhere. */
function shorten(field: string, value: string | undefined): string {
  if (value === undefined) return '';
  return field === 'sha256digest' && isTerminal() ? value.slice(0, SHORT_SHA256) : value;
}
