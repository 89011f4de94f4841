import { lstatSync, readlinkSync, realpathSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path';

const WRITABLE_BY_GROUP = 0o020;
const WRITABLE_BY_OTHERS = 0o002;
const MAX_LINKS = 40;

/**
 * Why somebody other than root could change what `path` leads to, or undefined when nobody can: the file and every
 * directory and link on the way to it have to be root's and writable by root alone.
 *
 * @throws the system's error when something on the way cannot be looked at
 */
export function whoElseWrites(path: string): string | undefined {
  const absolute = resolve(path);
  return alongTheWay(absolute, MAX_LINKS) ?? alongTheWay(realpathSync(absolute), MAX_LINKS);
}

function alongTheWay(path: string, linksLeft: number): string | undefined {
  for (const prefix of prefixesOf(path)) {
    const stats = lstatSync(prefix);
    const writers = writersOf(prefix, stats);
    if (writers !== undefined) return writers;
    if (stats.isSymbolicLink()) {
      if (linksLeft === 0) throw new Error(`too many links on the way to ${JSON.stringify(path)}`);
      const target = resolve(dirname(prefix), readlinkSync(prefix));
      return alongTheWay(resolve(target, `.${path.slice(prefix.length)}`), linksLeft - 1);
    }
  }
  return undefined;
}

/** `/`, `/a`, `/a/b` for `/a/b`. */
function prefixesOf(path: string): readonly string[] {
  const parent = dirname(path);
  return parent === path ? [path] : [...prefixesOf(parent), path];
}

function writersOf(path: string, stats: Stats): string | undefined {
  const shown = JSON.stringify(path);
  if (stats.uid !== 0) return `${shown} belongs to user ${stats.uid}`;
  if (stats.isSymbolicLink()) return undefined;
  const mode = formatMode(stats.mode);
  if ((stats.mode & WRITABLE_BY_OTHERS) !== 0)
    return `${shown} is writable by others (mode ${mode})`;
  if ((stats.mode & WRITABLE_BY_GROUP) !== 0 && stats.gid !== 0) {
    return `${shown} is writable by group ${stats.gid} (mode ${mode})`;
  }
  return undefined;
}

export function formatMode(mode: number): string {
  return (mode & 0o7777).toString(8).padStart(4, '0');
}
