import { styleText } from 'node:util';
import { printable } from './printable.ts';

const BETWEEN = '  ';
/** More than any id or digest; annotations may be longer, and one of them must not widen every line. */
const MAX_CELL = 300;
const ASCII = /^[ -~]*$/;
/** What terminals show over the letter before, and what they show twice as wide (UAX #11, roughly). */
const COMBINING = /\p{M}/u;
const WIDE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Emoji_Presentation}\u3000-\u303f\uff01-\uff60]/u;

export type Style = Parameters<typeof styleText>[0];

/** A cell, and how it looks on a terminal that has colours. */
export interface Cell {
  readonly text: string;
  readonly style?: Style;
}

/** Untrusted text made printable, in colour where standard output is a terminal and NO_COLOR is not set. */
export function paint(style: Style, untrusted: string): string {
  return styleText(style, printable(untrusted));
}

/** Columns, two spaces apart: the same words on a terminal and in a pipe. A row of one cell is a line of its own, which no column fits. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const titles = head.map((text): Cell => ({ text, style: 'bold' }));
  const lines = (titles.length === 0 ? rows : [titles, ...rows]).map((cells) => cells.map(layOut));
  const widths: number[] = [];
  for (const line of lines.filter(isOfColumns)) {
    for (const [column, { width }] of line.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, width);
    }
  }
  return lines.map((line) => `${formatLine(line, widths)}\n`).join('');
}

function isOfColumns(line: readonly LaidOut[]): boolean {
  return line.length > 1;
}

interface LaidOut {
  readonly painted: string;
  readonly width: number;
}

function layOut({ text, style }: Cell, _column: number, row: readonly Cell[]): LaidOut {
  const cut = row.length > 1 && text.length > MAX_CELL ? `${text.slice(0, MAX_CELL)}…` : text;
  const shown = printable(cut);
  const painted = style === undefined || shown === '' ? shown : styleText(style, shown);
  return { painted, width: widthOf(shown) };
}

function formatLine(line: readonly LaidOut[], widths: readonly number[]): string {
  const cells = line.map(
    ({ painted, width }, column) =>
      `${painted}${' '.repeat(Math.max(0, (widths[column] ?? 0) - width))}`,
  );
  return cells.join(BETWEEN).trimEnd();
}

/** Columns of a terminal that printable text takes. */
export function widthOf(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const character of text) {
    if (!COMBINING.test(character)) width += WIDE.test(character) ? 2 : 1;
  }
  return width;
}
