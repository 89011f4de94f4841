import { closeSync, openSync, statSync } from 'node:fs';
import { tryLock } from '#hook/libc';
import { ToolError } from '#tools/errors';
import type { Host } from './host.ts';

/**
 * One installation at a time. A directory is locked, since a file to lock would have to be left behind; one that root alone can open, if
 * there is one: whoever can open it can lock it.
 *
 * @throws ToolError `install` if another one is under way
 */
export function lockHost(host: Host): Disposable {
  const { root } = host;
  const home = host.at('/root');
  const place = isForRootAlone(home) ? home : root;
  let fd: number;
  try {
    fd = openSync(place, 'r');
  } catch (cause) {
    throw new ToolError('install', `cannot open ${JSON.stringify(place)}`, { cause });
  }
  if (tryLock(fd) === 0) return { [Symbol.dispose]: () => closeSync(fd) };
  closeSync(fd);
  throw new ToolError('install', `another installation is under way on ${JSON.stringify(root)}`);
}

function isForRootAlone(path: string): boolean {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (facts?.isDirectory() !== true || facts.uid !== 0) return false;
  return (facts.mode & (facts.gid === 0 ? 0o004 : 0o044)) === 0;
}
