/** One line of the table: what was measured, what it may be at most, and whether it is. */
export interface Result {
  readonly what: string;
  readonly measured: string;
  /** A peer or a reference that was measured in the same run. */
  readonly against?: string;
  /** The measured value as the bound is put: a ratio, a difference, a size. */
  readonly found: string;
  /** Absent where a peer is shown for comparison only. */
  readonly bound?: string;
  readonly holds?: boolean;
}

const HEAD = ['what', 'measured', 'compared with', 'found', 'bound', 'holds'];

/** A Markdown table, laid out so that it reads well in a terminal too. */
export function renderTable(results: readonly Result[]): string {
  const rows = [HEAD, ...results.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const [head = '', ...body] = rows.map((row) =>
    line(row.map((cell, column) => cell.padEnd(widths[column] ?? 0))),
  );
  const rule = line(widths.map((width) => '-'.repeat(width)));
  return `${[head, rule, ...body].join('\n')}\n`;
}

function cells({ what, measured, against = '', found, bound = '', holds }: Result): string[] {
  const verdict = holds === undefined ? '' : holds ? 'yes' : '**no**';
  return [what, measured, against, found, bound, verdict];
}

function line(row: readonly string[]): string {
  return `| ${row.join(' | ')} |`;
}
