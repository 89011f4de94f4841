import { readFileSync } from 'node:fs';

import type { ByteString } from '#digest/entry';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';

/** One line of `/proc/self/mountinfo` (proc_pid_mountinfo(5)). */
export interface Mount {
  readonly id: number;
  readonly parent: number;
  /** Which directory of the filesystem is mounted: `/` unless it is a bind mount of a part. */
  readonly root: ByteString;
  readonly point: ByteString;
  readonly type: ByteString;
  /** As the kernel prints them: comma-separated, octal escapes still in the values. */
  readonly superOptions: ByteString;
}

/** Undoes the kernel's `\ooo` escapes (seq_escape: blank, tab, newline, backslash, comma). */
export function unescapeOctal(text: ByteString): ByteString {
  if (!text.includes('\\')) return text;
  return text.replace(/\\([0-3][0-7]{2})/g, (_, digits: string) =>
    String.fromCharCode(Number.parseInt(digits, 8)),
  );
}

/** @throws HookError `rootfs` when a line is not one the kernel writes. */
export function parseMountinfo(text: ByteString): Mount[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines.map(parseMount);
}

export function readMountinfo(): Mount[] {
  return parseMountinfo(readFileSync('/proc/self/mountinfo', 'latin1'));
}

function parseMount(line: ByteString): Mount {
  // A source may be the empty string, so fields are what lies between single blanks.
  const fields = line.split(' ');
  const separator = fields.indexOf('-', 6);
  const [id, parent, , root, point] = fields;
  const type = fields[separator + 1];
  const superOptions = fields[separator + 3];
  if (
    separator === -1 ||
    fields.length !== separator + 4 ||
    root === undefined ||
    point === undefined ||
    type === undefined ||
    superOptions === undefined
  )
    throw malformed(line);
  return {
    id: parseId(id, line),
    parent: parseId(parent, line),
    root: unescapeOctal(root),
    point: unescapeOctal(point),
    type: unescapeOctal(type),
    superOptions,
  };
}

function parseId(digits: string | undefined, line: ByteString): number {
  if (digits === undefined || !/^[0-9]{1,10}$/.test(digits)) throw malformed(line);
  return Number(digits);
}

function malformed(line: ByteString): HookError {
  return new HookError('rootfs', `not a line of mountinfo: ${quoted(line)}`);
}

/**
 * The mounts that lie on `top` (or on one of those) below `path`, which is `top`'s own mount point or a directory in it.
 * What was mounted below `path` before `top` was put over it is hidden, and not meant.
 */
export function mountsInside(mounts: readonly Mount[], top: Mount, path: ByteString): Mount[] {
  const children = Map.groupBy(mounts, (mount) => mount.parent);
  const prefix = path === '/' ? '/' : `${path}/`;
  const found: Mount[] = [];
  const seen = new Set([top.id]);
  for (const queue = [top.id]; queue.length > 0; ) {
    for (const mount of children.get(queue.pop() ?? -1) ?? []) {
      if (seen.has(mount.id)) continue; // the root mount is its own parent in an initial ramdisk
      seen.add(mount.id);
      queue.push(mount.id);
      if (mount.point.startsWith(prefix)) found.push(mount);
    }
  }
  return found;
}
