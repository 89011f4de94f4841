import { isatty } from 'node:tty';
import { styleText } from 'node:util';
import Table from 'cli-table3';
import { printable } from './printable.ts';

const STDOUT = 1;

/** Whether standard output is looked at by a person. */
export function isTerminal(): boolean {
  return isatty(STDOUT);
}

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

/** Columns, two spaces apart: the same words on a terminal and in a pipe. */
export function formatTable(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const table = new Table({
    // cli-table3's own colours know nothing of NO_COLOR.
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 2 },
    chars: NO_LINES,
  });
  if (head.length > 0) table.push(head.map((title) => paint('bold', title)));
  for (const row of rows) {
    table.push(
      row.map(({ text, style }) => (style === undefined ? printable(text) : paint(style, text))),
    );
  }
  const lines = table.toString().split('\n');
  return lines.map((line) => `${line.trimEnd()}\n`).join('');
}

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '',
};
