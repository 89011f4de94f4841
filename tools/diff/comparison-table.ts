import type { Entry } from '#digest/entry';
import { escapeBytes, escapePath } from '#digest/listing-path';
import { type Cell, formatTable, paint } from '#tools/table';
import type { FieldDifference } from './compare.ts';
import type { Comparison } from './comparison.ts';
import { type Fold, foldTrees } from './fold-trees.ts';
import { notableFields } from './notable-fields.ts';
import { summarize } from './summary.ts';

const HEAD = ['PATH', 'FIELD', 'A', 'B'];
const SHORT_SHA256 = 12;
/** With three other columns, a line of about 100 letters. */
const LONG = 40;

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
  const isLong = path.length > LONG;
  const rows = linesOf(fold).flatMap((line, at) => formatField(at > 0 || isLong ? '' : path, line));
  return isLong ? [[{ text: path }], ...rows] : rows;
}

/** What is long stands on lines of its own, and widens no column. */
function formatField(path: string, { field, a = '', b = '' }: FieldDifference): readonly Cell[][] {
  const [shownA, shownB] = field === 'sha256digest' ? shorten(a, b) : [a, b];
  const head = [{ text: path }, { text: field }];
  const sides: Cell[] = [
    { text: shownA, style: 'red' },
    { text: shownB, style: 'green' },
  ];
  if (shownA.length <= LONG) return [[...head, ...sides]];
  const lines = sides.filter(({ text }) => text !== '');
  return [head, ...lines.map((side) => [{ ...side, text: `    ${side.text}` }])];
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

/** People compare digests by eye; `--json` has all of them. Whoever made two begin alike does not hide that they differ. */
function shorten(a: string, b: string): readonly [string, string] {
  const [shortA, shortB] = [a.slice(0, SHORT_SHA256), b.slice(0, SHORT_SHA256)];
  return shortA === shortB ? [a, b] : [shortA, shortB];
}
