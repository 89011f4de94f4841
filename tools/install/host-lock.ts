import { closeSync, openSync } from 'node:fs';
import { tryLock } from '#hook/libc';
import { ToolError } from '#tools/errors';
import type { Host } from './host.ts';

/**
 * One installation at a time. The root itself is locked: a file to lock would have to be left behind.
 *
 * @throws ToolError `install` if another one is under way
 */
export function lockHost({ root }: Host): Disposable {
  let fd: number;
  try {
    fd = openSync(root, 'r');
  } catch (cause) {
    throw new ToolError('install', `cannot open ${JSON.stringify(root)}`, { cause });
  }
  if (tryLock(fd) === 0) return { [Symbol.dispose]: () => closeSync(fd) };
  closeSync(fd);
  throw new ToolError('install', `another installation is under way on ${JSON.stringify(root)}`);
}
