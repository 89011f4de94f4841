import { lstatSync, realpathSync, type Stats } from 'node:fs';
import { join } from 'node:path';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { hasControlCharacter, namesOf } from './plain-path.ts';

/**
 * The canonical path of the directory that root.path names: absolute, or relative to the bundle (OCI runtime-spec, "Root"). Links on the
 * way to it are the host's and followed; it is no link itself, and nothing in it is looked at.
 *
 * @throws HookError `bundle`: not such a directory; `..` in the path
 */
export function resolveRootfs(bundle: string, rootPath: string): string {
  const refuse = (reason: string, cause?: unknown): never => {
    throw new HookError('bundle', `root.path ${quoted(rootPath)} ${reason}`, { cause });
  };
  const names = namesOf(rootPath);
  if (rootPath === '') refuse('is empty');
  if (hasControlCharacter(rootPath)) refuse('has control characters');
  if (names === undefined) return refuse('has a "..", expected a path without');
  const start = rootPath.startsWith('/') ? '/' : bundle;
  const last = names.pop();
  const above = canonical(join(start, ...names), refuse);
  if (last === undefined) return above;
  const rootfs = join(above, last);
  const stat = lookAt(rootfs, refuse);
  if (stat.isSymbolicLink()) refuse('is a symbolic link, expected a directory');
  if (!stat.isDirectory()) refuse('is not a directory');
  return rootfs;
}

type Refuse = (reason: string, cause?: unknown) => never;

function canonical(path: string, refuse: Refuse): string {
  try {
    return realpathSync.native(path);
  } catch (cause) {
    return refuse(`leads nowhere: ${quoted(path)} cannot be resolved`, cause);
  }
}

function lookAt(path: string, refuse: Refuse): Stats {
  try {
    return lstatSync(path);
  } catch (cause) {
    return refuse(`cannot be looked at in ${quoted(path)}`, cause);
  }
}
