/** What a value of ours took the place of, in a comment above it. */
import { KEY } from './base-spec-key.ts';
import { lineStart, type Splice } from './toml-file.ts';

const HAD = /^[ \t]*# oci-measure: ("(?:[^"\\]|\\.)*") had base_runtime_spec = (.*?)\r?\n?$/;

/** @param value as it is written, in one line */
export function hadComment(handler: string, value: string): string {
  return `# oci-measure: ${JSON.stringify(handler)} had ${KEY} = ${value}`;
}

export interface HadComment {
  readonly range: Omit<Splice, 'text'>;
  readonly had: string;
}

/** Among the comments right above a statement. */
export function commentFor(
  text: string,
  statement: number,
  handler: string,
): HadComment | undefined {
  let end = lineStart(text, statement);
  while (end > 0) {
    const start = lineStart(text, end - 1);
    const line = text.slice(start, end);
    if (!/^[ \t]*#/.test(line)) return undefined;
    const [, name, had] = HAD.exec(line) ?? [];
    if (name !== undefined && had !== undefined && name === JSON.stringify(handler))
      return { range: { start, end }, had };
    end = start;
  }
  return undefined;
}

/** Of keys that somebody took away himself. */
export function withoutStrayComments(text: string): string {
  if (!text.includes('# oci-measure: ')) return text;
  return text
    .split(/(?<=\n)/)
    .filter((line) => !HAD.test(line))
    .join('');
}
