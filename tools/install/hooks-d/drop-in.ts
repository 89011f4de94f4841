/** A drop-in of ours that names one more hooks directory: only where no directory that is read already can be written. */
import { parse, TomlError } from 'smol-toml';
import { OWNERSHIP_MARK } from '#tools/install/own-places';

/** A table's name, and directories in the order in which they are read. */
export function dropInText(table: string, directories: readonly string[]): string {
  const list = directories.map((directory) => JSON.stringify(directory)).join(', ');
  return `# ${OWNERSHIP_MARK}\n[${table}]\nhooks_dir = [${list}]\n`;
}

/** What is left of such a file without what is ours: undefined if nothing that means anything. */
export function withoutOurs(text: string): string | undefined {
  if (!text.startsWith(`# ${OWNERSHIP_MARK}\n`)) return text;
  const rest = text
    .slice(text.indexOf('\n') + 1)
    .replace(/^[ \t]*hooks_dir[ \t]*=[ \t]*\[[^\]]*\][^\n]*\n?/m, '');
  return saysNothing(rest) ? undefined : rest;
}

function saysNothing(text: string): boolean {
  if (text.includes('#')) return false;
  try {
    return isEmpty(parse(text));
  } catch (error) {
    if (error instanceof TomlError) return false;
    throw error;
  }
}

function isEmpty(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Object.values(value).every(isEmpty);
}
