import { readFileSync, writeFileSync } from 'node:fs';

const README = new URL('../../README.md', import.meta.url);
const BEGIN = '<!-- npm run bench -- --write -->\n';
const END = '<!-- end -->';

/** Puts `text` between the README's two marks. */
export function writeReadme(text: string): void {
  const [before, rest] = splitOnce(readFileSync(README, 'utf8'), BEGIN);
  const [, after] = splitOnce(rest, END);
  writeFileSync(README, `${before}${BEGIN}${text}${END}${after}`);
}

function splitOnce(text: string, mark: string): [before: string, after: string] {
  const at = text.indexOf(mark);
  if (at < 0) throw new Error(`the README has no ${JSON.stringify(mark)}`);
  return [text.slice(0, at), text.slice(at + mark.length)];
}
