/** Lines of ours at the end of a configuration file, and files that are nothing but that. */
import { createHash } from 'node:crypto';
import { type BaseSpecKey, tableLines } from './base-spec-key.ts';
import { newlineOf, readToml, type Splice, splice } from './toml-file.ts';

const BEGIN = '# begin oci-measure';
const END = '# end oci-measure';
const MADE_FILE = '# The file was not there before.';

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

/** To be put behind a text. Its first line tells whether somebody wrote into it. */
export function blockOf(text: string, lines: readonly string[]): string {
  const newline = newlineOf(text);
  const block = [`${BEGIN} ${hashOf(lines)}`, ...lines, END].join(newline);
  if (text === '') return `${block}${newline}`;
  return text.endsWith('\n') ? `${newline}${block}${newline}` : `${newline}${block}`;
}

function hashOf(lines: readonly string[]): string {
  return createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 12);
}

const BLOCK = new RegExp(`^${BEGIN} ([0-9a-f]{12})\\r?\\n([^]*?)^${END}(\\r?\\n|$(?![^]))`, 'm');

/** Undefined if the file was made by us and nothing else is in it. @throws ToolError `install` if it is no TOML */
export function withoutBlocks(text: string, name: string): string | undefined {
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
