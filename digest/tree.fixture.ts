import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { ByteString } from './entry.ts';
import { type DigestOptions, digestRootfs, type RootfsDigest } from './rootfs.ts';
import { openTreeRoot, type TreeRoot } from './tree-root.ts';

const SCRATCH = '/var/lib/oci-measure-test';

export interface ScratchDirectory extends Disposable {
  readonly path: string;
  /** Mounts below the directory; unmounted with it. See mount(2). */
  mount(
    target: string,
    mount: { type?: string; source?: string; flags?: number; data?: string },
  ): void;
}

/** An empty directory that is removed with everything in it, mounts first. */
export function scratchDirectory(): ScratchDirectory {
  mkdirSync(SCRATCH, { recursive: true });
  const path = mkdtempSync(`${SCRATCH}/digest-`);
  const mountpoints: string[] = [];
  return {
    path,
    mount(target, { type = 'none', source = 'none', flags = 0, data = '' }) {
      const what = [cString(source), cString(target), cString(type)] as const;
      check(`mount ${target}`, functions.mount(...what, flags, cString(data)));
      mountpoints.push(target);
    },
    [Symbol.dispose]: () => {
      for (const mountpoint of mountpoints.toReversed()) {
        // Detached at once: waiting for the last reader takes the kernel some 50 ms.
        check(`umount ${mountpoint}`, functions.umount2(cString(mountpoint), MNT_DETACH));
      }
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/** A path of raw bytes. */
export const bytes = (path: ByteString): Buffer => Buffer.from(path, 'latin1');

const functions = process.getBuiltinModule('node:ffi').dlopen(null, {
  mknod: { arguments: ['buffer', 'u32', 'u32'], return: 'i32' },
  mount: { arguments: ['buffer', 'buffer', 'buffer', 'u32', 'buffer'], return: 'i32' },
  umount2: { arguments: ['buffer', 'i32'], return: 'i32' },
  renameat2: { arguments: ['i32', 'buffer', 'i32', 'buffer', 'u32'], return: 'i32' },
  lsetxattr: { arguments: ['buffer', 'buffer', 'buffer', 'u32', 'i32'], return: 'i32' },
}).functions;

export const MS_RDONLY = 1;
export const MS_BIND = 4096;
const MNT_DETACH = 2;
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;

function check(what: string, result: number): void {
  if (result !== 0) throw new Error(`${what} failed`);
}

const cString = (text: ByteString): Buffer => bytes(`${text}\0`);

/** @param mode with the format: 0o020000 char, 0o060000 block, 0o010000 fifo, 0o140000 socket */
export function makeNode(path: ByteString, mode: number, major = 0, minor = 0): void {
  const device = ((major & 0xfff) << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);
  check(`mknod ${path}`, functions.mknod(cString(path), mode, device >>> 0));
}

/** Exchanges two names at once. */
export function exchange(a: string, b: string): void {
  const result = functions.renameat2(AT_FDCWD, cString(a), AT_FDCWD, cString(b), RENAME_EXCHANGE);
  check(`exchange ${a} and ${b}`, result);
}

export function makeWhiteout(path: ByteString): void {
  makeNode(path, 0o020000, 0, 0);
}

export function setXattr(path: ByteString, name: string, value: Uint8Array | string): void {
  const content = typeof value === 'string' ? bytes(value) : value;
  // An empty view has no address.
  const room = Buffer.concat([content, Buffer.alloc(1)]);
  const result = functions.lsetxattr(cString(path), cString(name), room, content.length, 0);
  check(`setxattr ${name} ${path}`, result);
}

export interface ListedDigest extends RootfsDigest {
  /** As latin1 text, without its two header lines. */
  readonly lines: readonly string[];
  readonly listing: string;
}

/** Digests directories, topmost first, and keeps the listing. */
export function digestDirectories(
  paths: readonly string[],
  options: Partial<DigestOptions> = {},
): ListedDigest {
  return withRoots(paths, (roots) => {
    const chunks: Uint8Array[] = [];
    const onListing = (chunk: Uint8Array): number => chunks.push(chunk);
    const digest = digestRootfs(roots, { foreignMounts: 'refuse', onListing, ...options });
    const listing = Buffer.concat(chunks).toString('latin1');
    return { ...digest, listing, lines: listing.split('\n').slice(2, -1) };
  });
}

export const digestDirectory = (path: string, options: Partial<DigestOptions> = {}): ListedDigest =>
  digestDirectories([path], options);

export function withRoots<T>(paths: readonly string[], use: (roots: TreeRoot[]) => T): T {
  using stack = new DisposableStack();
  return use(paths.map((path) => stack.use(openTreeRoot(path))));
}
