/** Undoes what put-base-spec.ts did, whatever somebody did to the file since. */
import type { AST } from 'toml-eslint-parser';
import { isOurs, KEY } from './base-spec-key.ts';
import { withoutBlocks } from './block.ts';
import { commentFor, withoutStrayComments } from './had-comment.ts';
import {
  type Assignment,
  lineEnd,
  lineStart,
  readToml,
  splice,
  type TomlFile,
} from './toml-file.ts';

/**
 * @param name of the file, for the error
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
