/**
 * `base_runtime_spec` put into the text of a configuration file, in whichever of TOML's notations the handler's table is written.
 * What is there stays as it is written; a value that ours takes the place of is kept in a comment above it.
 */
import { ToolError } from '#tools/errors';
import { assignment, type BaseSpecKey, KEY, tableLines } from './base-spec-key.ts';
import { blockOf } from './block.ts';
import { hadComment } from './had-comment.ts';
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
  splice,
  type TomlFile,
} from './toml-file.ts';

/** Behind a line of ours. */
const MARK = '# oci-measure';

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
  const comment = `${indentAt(text, line)}${hadComment(table.at(-1) ?? '', before)}${newlineOf(text)}`;
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
  return insertBelow(text, place, `${indent}${assignment(baseSpec)} ${MARK}`);
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
    const put = ` ${prefix}.${assignment(added.baseSpec)},`;
    const at = node.range[0];
    return splice(text, [{ start: at, end: at, text: put.trimStart() + ' ' }]);
  }
  const indent = indentAt(text, statement.range[0]);
  const line = `${indent}${prefix}.${assignment(added.baseSpec)} ${MARK}`;
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
  const put = rest.length === 0 ? assignment(added.baseSpec) : inlineTable(rest, added);
  const comma = value.body.length === 0 ? '' : ',';
  return splice(file.text, [{ start: at, end: at, text: ` ${put}${comma}` }]);
}

function inlineTable(rest: KeyPath, { settings, subTables, baseSpec }: BaseSpecKey): string {
  const tables = subTables.map(({ key, lines }) => `${keyText([key])} = { ${lines.join(', ')} }`);
  return `${keyText(rest)} = { ${[...settings, ...tables, assignment(baseSpec)].join(', ')} }`;
}
