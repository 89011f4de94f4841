/**
 * `base_runtime_spec` of a handler, put into the text of a configuration file and taken out again. What is not ours stays as it is
 * written. Ours is known by the path that it names, what it took the place of stands in a comment above it.
 */
import { createHash } from 'node:crypto';
import type { AST } from 'toml-eslint-parser';
import { ToolError } from '#tools/errors';
import {
  type Assignment,
  indentAt,
  isAtOrBelow,
  isSame,
  type KeyPath,
  keyText,
  lineEnd,
  lineStart,
  newlineOf,
  readToml,
  type Splice,
  splice,
  type TomlFile,
} from './toml-file.ts';

export const KEY = 'base_runtime_spec';

/** What a handler gets. */
export interface BaseSpecKey {
  /** Of the handler's table, from the top of the document. */
  readonly table: KeyPath;
  readonly baseSpec: string;
  /** What a table that is not there yet holds besides, as lines without indentation; tables in it follow in `tables`. */
  readonly settings: readonly string[];
  readonly subTables: readonly { readonly key: string; readonly lines: readonly string[] }[];
}

const MARK = '# oci-measure';
const BEGIN = '# begin oci-measure';
const END = '# end oci-measure';
const MADE_FILE = '# The file was not there before.';
const HAD = /^[ \t]*# oci-measure: ("(?:[^"\\]|\\.)*") had base_runtime_spec = (.*?)\r?\n?$/;
const OURS = /^\/etc\/containerd\/oci-measure-base-spec(-[0-9a-f]{12})?\.json$/;

export function isOurs(baseSpec: unknown): boolean {
  return typeof baseSpec === 'string' && OURS.test(baseSpec);
}

/**
 * @param name of the file, for the error
 * @throws ToolError `install` if it is no TOML, or holds the table in a way that cannot be added to
 */
export function withBaseSpec(text: string, name: string, added: BaseSpecKey): string {
  const file = readToml(text, name);
  const { table } = added;
  const there = file.assignments.find(({ path }) => isSame(path, [...table, KEY]));
  if (there !== undefined) return replaced(file, there, added);
  const header = file.headers.find(({ path }) => isSame(path, table));
  if (header !== undefined) return insertedLine(file, header.node.key.range[1], added);
  const inline = file.assignments.findLast(
    ({ path, node }) => isAtOrBelow(table, path) && node.value.type === 'TOMLInlineTable',
  );
  if (inline !== undefined) return insertedInline(file, inline, added);
  const beside = file.assignments.findLast(
    ({ path, home }) => isAtOrBelow(path, table) && home.length < table.length,
  );
  if (beside !== undefined) return insertedBeside(file, beside, added);
  // The table may be there for tables in it alone.
  const isThere = (inside: KeyPath): boolean =>
    [...file.headers, ...file.assignments].some(({ path }) => isAtOrBelow(path, inside));
  const subTables = added.subTables.filter((one) => !isThere([...table, one.key]));
  return text + blockOf(text, tableLines({ ...added, subTables }));
}

/** A whole file of ours. */
export function newFile(version: number, keys: readonly BaseSpecKey[], comment: string): string {
  const tables = keys.map((key) => tableLines(key).join('\n'));
  return `# ${comment}\nversion = ${version}\n\n${tables.join('\n\n')}\n`;
}

/** A configuration file where there was none: whoever adds to it keeps what was added. */
export function newConfiguration(version: number, keys: readonly BaseSpecKey[]): string {
  const tables = keys.flatMap((key) => tableLines(key));
  return blockOf('', [MADE_FILE, `version = ${version}`, ...tables]);
}

/**
 * Undoes {@link withBaseSpec} and {@link newConfiguration}.
 *
 * @returns undefined if the file was made by us and nothing else is in it
 * @throws ToolError `install` if it is no TOML
 */
export function withoutBaseSpecs(text: string, name: string): string | undefined {
  if (!text.includes('oci-measure')) return text;
  const rest = withoutBlocks(text, name);
  if (rest === undefined) return undefined;
  let file = readToml(rest, name);
  for (;;) {
    const ours = file.assignments.findLast(isOurAssignment);
    if (ours === undefined) break;
    file = readToml(taken(file, ours), name);
  }
  return withoutStrayComments(file.text);
}

function isOurAssignment({ path, node: { value } }: Assignment): boolean {
  return (
    path.at(-1) === KEY &&
    value.type === 'TOMLValue' &&
    value.kind === 'string' &&
    isOurs(value.value)
  );
}

const assign = (baseSpec: string): string => `${KEY} = ${JSON.stringify(baseSpec)}`;

function replaced(
  { text }: TomlFile,
  { node, statement }: Assignment,
  { table, baseSpec }: BaseSpecKey,
): string {
  const [start, end] = node.value.range;
  const before = text.slice(start, end);
  if (before.includes('\n')) {
    throw new ToolError('install', `expected ${KEY} in one line, found ${JSON.stringify(before)}`);
  }
  const line = lineStart(text, statement.range[0]);
  const handler = JSON.stringify(table.at(-1) ?? '');
  const comment = `${indentAt(text, line)}# oci-measure: ${handler} had ${KEY} = ${before}${newlineOf(text)}`;
  return splice(text, [
    { start: line, end: line, text: comment },
    { start, end, text: JSON.stringify(baseSpec) },
  ]);
}

/** Below the line in which a place is. */
function insertedLine(file: TomlFile, place: number, { table, baseSpec }: BaseSpecKey): string {
  const { text } = file;
  const first = file.assignments.find(({ home, isInline }) => !isInline && isSame(home, table));
  const indent =
    first === undefined ? `${indentAt(text, place)}  ` : indentAt(text, first.node.range[0]);
  return insertBelow(text, place, `${indent}${assign(baseSpec)} ${MARK}`);
}

function insertBelow(text: string, place: number, line: string): string {
  const end = lineEnd(text, place);
  const isLast = text[end - 1] !== '\n';
  const newline = newlineOf(text);
  const put = isLast ? `${newline}${line}` : `${line}${newline}`;
  return splice(text, [{ start: end, end, text: put }]);
}

/** Beside `runc.runtime_type = …`, with the same beginning. */
function insertedBeside(file: TomlFile, beside: Assignment, added: BaseSpecKey): string {
  const { text } = file;
  const { node, home, statement } = beside;
  const last = node.key.keys[added.table.length - home.length - 1];
  const prefix = text.slice(node.key.range[0], last?.range[1]);
  if (beside.isInline) {
    const put = ` ${prefix}.${assign(added.baseSpec)},`;
    const at = node.range[0];
    return splice(text, [{ start: at, end: at, text: put.trimStart() + ' ' }]);
  }
  const indent = indentAt(text, statement.range[0]);
  const line = `${indent}${prefix}.${assign(added.baseSpec)} ${MARK}`;
  return insertBelow(text, statement.range[1] - 1, line);
}

function insertedInline(file: TomlFile, inline: Assignment, added: BaseSpecKey): string {
  const { value } = inline.node;
  if (value.type !== 'TOMLInlineTable') return file.text;
  const rest = added.table.slice(inline.path.length);
  if (rest.length > 0) {
    const beside = file.assignments.findLast(
      ({ path, home }) => isAtOrBelow(path, added.table) && home.length < added.table.length,
    );
    if (beside !== undefined) return insertedBeside(file, beside, added);
  }
  const at = value.range[0] + 1;
  const put = rest.length === 0 ? assign(added.baseSpec) : inlineTable(rest, added);
  const comma = value.body.length === 0 ? '' : ',';
  return splice(file.text, [{ start: at, end: at, text: ` ${put}${comma}` }]);
}

function inlineTable(rest: KeyPath, { settings, subTables, baseSpec }: BaseSpecKey): string {
  const tables = subTables.map(({ key, lines }) => `${keyText([key])} = { ${lines.join(', ')} }`);
  return `${keyText(rest)} = { ${[...settings, ...tables, assign(baseSpec)].join(', ')} }`;
}

function tableLines({ table, settings, subTables, baseSpec }: BaseSpecKey): string[] {
  return [
    `[${keyText(table)}]`,
    ...settings.map((line) => `  ${line}`),
    `  ${assign(baseSpec)}`,
    ...subTables.flatMap(({ key, lines }) => [
      `  [${keyText([...table, key])}]`,
      ...lines.map((line) => `    ${line}`),
    ]),
  ];
}

/** At the end of a text. Its first line tells whether somebody wrote into it. */
function blockOf(text: string, lines: readonly string[]): string {
  const newline = newlineOf(text);
  const block = [`${BEGIN} ${hashOf(lines)}`, ...lines, END].join(newline);
  if (text === '') return `${block}${newline}`;
  return text.endsWith('\n') ? `${newline}${block}${newline}` : `${newline}${block}`;
}

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 12);
}

const BLOCK = new RegExp(`^${BEGIN} ([0-9a-f]{12})\\r?\\n([^]*?)^${END}(\\r?\\n|$(?![^]))`, 'm');

function withoutBlocks(text: string, name: string): string | undefined {
  let rest = text;
  let version: string | undefined;
  for (;;) {
    const found = BLOCK.exec(rest);
    if (found === null) break;
    const [block, hash, inside = '', ending] = found;
    const lines = inside.split(/\r?\n/).slice(0, -1);
    const range = { start: found.index, end: found.index + block.length };
    if (lines[0] === MADE_FILE) version = lines[1];
    if (hashOf(lines) === hash && !isAddedTo(rest, name, range)) {
      const before = /\r?\n$/.exec(rest.slice(0, range.start))?.[0] ?? '';
      // The blank line that was put before it; where the text had no last line end, that.
      const start = isBlankBefore(rest, range.start) || ending === '' ? before.length : 0;
      rest = rest.slice(0, range.start - start) + rest.slice(range.end);
    } else {
      const kept = lines.slice(lines[0] === MADE_FILE ? 2 : 0).join(newlineOf(block));
      rest = splice(rest, [{ ...range, text: `${kept}${newlineOf(block)}` }]);
    }
  }
  if (version === undefined) return rest;
  // What else is in a file of ours, is written in that version.
  return rest.trim() === '' ? undefined : `${version}${newlineOf(text)}${rest}`;
}

function isBlankBefore(text: string, place: number): boolean {
  return place > 0 && /(^|\n)\r?\n$/.test(text.slice(0, place));
}

/** Whether a table that begins in a range goes on behind it: then its header has to stay. */
function isAddedTo(text: string, name: string, { start, end }: Omit<Splice, 'text'>): boolean {
  return readToml(text, name).headers.some(
    ({ node }) => node.range[0] >= start && node.range[0] < end && node.range[1] > end,
  );
}

/** The file's text without an assignment of ours, with what it took the place of. */
function taken({ text }: TomlFile, ours: Assignment): string {
  const { node, statement, path, isInline } = ours;
  const comment = commentFor(text, statement.range[0], path.at(-2) ?? '');
  if (comment !== undefined) {
    const [start, end] = node.value.range;
    return splice(text, [
      { start, end, text: comment.had },
      { ...comment.range, text: '' },
    ]);
  }
  if (isInline) return takenInline(text, ours);
  const start = lineStart(text, node.range[0]);
  const end = lineEnd(text, node.range[1]);
  const isLast = text[end - 1] !== '\n';
  const before = isLast ? (/\r?\n$/.exec(text.slice(0, start))?.[0].length ?? 0) : 0;
  return splice(text, [{ start: start - before, end, text: '' }]);
}

function takenInline(text: string, { node }: Assignment): string {
  const [start, end] = (tableOfOurs(node) ?? node).range;
  const comma = /^,[ \t]?/.exec(text.slice(end))?.[0];
  // Inserted behind `{`, with a space before; or before another assignment, with a space behind.
  const isFirst = text[start - 2] === '{';
  if (comma !== undefined && isFirst)
    return splice(text, [{ start: start - 1, end: end + 1, text: '' }]);
  if (comma !== undefined) return splice(text, [{ start, end: end + comma.length, text: '' }]);
  if (isFirst) return splice(text, [{ start: start - 1, end, text: '' }]);
  // Somebody turned the order around.
  const before = /,?[ \t]*$/.exec(text.slice(0, start))?.[0].length ?? 0;
  return splice(text, [{ start: start - before, end, text: '' }]);
}

/** Ours comes first in a table of somebody else's, and last in one of ours. */
function tableOfOurs({ parent, key }: AST.TOMLKeyValue): AST.TOMLKeyValue | undefined {
  if (parent.type !== 'TOMLInlineTable' || parent.parent.type !== 'TOMLKeyValue') return undefined;
  const isLast = parent.body.length > 1 && parent.body.at(-1)?.key === key && key.keys.length === 1;
  return isLast ? parent.parent : undefined;
}

interface HadComment {
  readonly range: Omit<Splice, 'text'>;
  readonly had: string;
}

/** Among the comments right above a statement. */
function commentFor(text: string, statement: number, handler: string): HadComment | undefined {
  let end = lineStart(text, statement);
  while (end > 0) {
    const start = lineStart(text, end - 1);
    const line = text.slice(start, end);
    if (!/^[ \t]*#/.test(line)) return undefined;
    const [, name, had] = HAD.exec(line) ?? [];
    if (name !== undefined && had !== undefined && JSON.parse(name) === handler)
      return { range: { start, end }, had };
    end = start;
  }
  return undefined;
}

/** Of keys that somebody took away himself. */
function withoutStrayComments(text: string): string {
  if (!text.includes('# oci-measure: ')) return text;
  return text
    .split(/(?<=\n)/)
    .filter((line) => !HAD.test(line))
    .join('');
}
