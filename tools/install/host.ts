import { lstatSync, readlinkSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { ToolError } from '#tools/errors';

/** The machine that is changed: this one, or the file tree of another one (`--root`). */
export interface Host {
  /** Absolute; `/` for this machine. */
  readonly root: string;
  readonly isThisMachine: boolean;
  /**
   * Where the host's absolute path is here, without symbolic links in it: what they lead to is looked up below the root, out of which
   * neither they nor `..` lead. It need not be there.
   *
   * @throws ToolError `install` for links that lead in a circle
   */
  at(path: string): string;
  /** The host's own name for a path here; the inverse of {@link at}. */
  nameOf(path: string): string;
}

/** As many as the kernel follows (path_resolution(7)). */
const MAX_LINKS = 40;

/** @param root undefined: this machine */
export function hostAt(root: string | undefined): Host {
  const top = resolve(root ?? '/');
  return {
    root: top,
    isThisMachine: top === '/',
    at: (path) => resolveBelow(top, path),
    nameOf: (path) => (top === '/' ? path : path.slice(top.length) || '/'),
  };
}

function resolveBelow(root: string, path: string): string {
  if (!isAbsolute(path)) throw new TypeError(`expected an absolute path, found ${path}`);
  const ahead = path.split('/').toReversed();
  const found: string[] = [];
  let links = 0;
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    if (name === '' || name === '.') continue;
    if (name === '..') {
      found.pop();
      continue;
    }
    const target = linkTarget(join(root, ...found, name));
    if (target === undefined) {
      found.push(name);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) {
      const where = JSON.stringify(join(root, path));
      throw new ToolError('install', `too many symbolic links on the way to ${where}`);
    }
    if (isAbsolute(target)) found.length = 0;
    ahead.push(...target.split('/').toReversed());
  }
  return join(root, ...found);
}

/** Undefined for what is no link, or is not there. */
function linkTarget(path: string): string | undefined {
  try {
    const facts = lstatSync(path, { throwIfNoEntry: false });
    return facts?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOTDIR') return undefined;
    throw new ToolError('install', `cannot look at ${JSON.stringify(path)}`, { cause });
  }
}
