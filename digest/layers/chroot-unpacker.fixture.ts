import {
  chmodSync,
  chownSync,
  closeSync,
  lchownSync,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  realpathSync,
  rmSync,
  type Stats,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, posix } from 'node:path';
import { makeNode, makeWhiteout, setXattr } from '#digest/tree.fixture';
import type { Layer, LayerEntry } from './layer.ts';

// An unpacker on the kernel's own file system, in the order of podman's: what our file system in memory is held against.

const { chroot, fchdir } = process.getBuiltinModule('node:ffi').dlopen(null, {
  chroot: { arguments: ['buffer'], return: 'i32' },
  fchdir: { arguments: ['i32'], return: 'i32' },
}).functions;

const contents = new Map<string, string>();

/** What a file's digest was made from. */
export function remember(sha256: string, content: string): void {
  contents.set(sha256, content);
}

/**
 * Unpacks a layer into an empty directory, which is the process's root meanwhile.
 *
 * @throws {Error} as the kernel refuses
 */
export function unpackInChroot(root: string, layer: Layer): void {
  const outside = openSync('/', 'r');
  const umask = process.umask(0o022);
  const cwd = process.cwd();
  try {
    check(chroot(Buffer.from(`${root}\0`)));
    process.chdir('/');
    for (const entry of layer.entries) unpack(entry);
    for (const { name, typeFlag } of layer.entries) {
      if (typeFlag === '5') checkIsThere(`/${name}`);
    }
  } finally {
    check(fchdir(outside));
    check(chroot(Buffer.from('.\0')));
    process.chdir(cwd);
    process.umask(umask);
    closeSync(outside);
  }
}

function check(result: number): void {
  if (result !== 0) throw new TypeError('the root could not be changed');
}

/** A directory whose times are set at last has to be there. */
function checkIsThere(path: string): void {
  statSync(path);
}

function unpack(entry: LayerEntry): void {
  const path = posix.join('/', entry.name);
  createParent(dirname(path));
  const there = statAt(path);
  if (there !== undefined && !(there.isDirectory() && entry.typeFlag === '5')) {
    rmSync(path, { recursive: true });
  }
  const base = posix.basename(path);
  if (base === '.wh..wh..opq') setXattr(realpathSync(dirname(path)), 'trusted.overlay.opaque', 'y');
  else if (base.startsWith('.wh.')) makeWhiteout(posix.join(dirname(path), base.slice(4)));
  else create(path, entry);
}

/** Below a file there is nothing either. */
function statAt(path: string): Stats | undefined {
  try {
    return lstatSync(path);
  } catch {
    return undefined;
  }
}

function createParent(path: string): void {
  if (statAt(path) !== undefined) return;
  const first = mkdirSync(path, { recursive: true, mode: 0o777 });
  if (first === undefined) return;
  for (let at = path; at.length >= first.length; at = dirname(at)) chownSync(at, 0, 0);
}

const unchanged = (id: number): number => (id === 0xffffffff ? -1 : id);

function create(path: string, entry: LayerEntry): void {
  make(path, entry);
  lchownSync(path, unchanged(entry.uid), unchanged(entry.gid));
  if (!isLink(path)) chmodSync(path, entry.mode & 0o7777);
  for (const { name, value } of entry.xattrs) {
    // podman passes over what the file system does not support.
    const isUnsupported = name === 'system.unknown' || (name.includes('acl') && isLink(path));
    if (!isUnsupported) setXattr(path, name, value);
  }
}

const isLink = (path: string): boolean => lstatSync(path).isSymbolicLink();

function make(path: string, { typeFlag, linkName, sha256, mode, major, minor }: LayerEntry): void {
  switch (typeFlag) {
    case '0':
      writeFileSync(path, contents.get(sha256) ?? '', { flag: 'wx', mode });
      break;
    case '1':
      linkSync(posix.join('/', linkName), path);
      break;
    case '2':
      symlinkSync(linkName, path);
      break;
    case '3':
      makeNode(path, 0o020000 | (mode & 0o7777), major, minor);
      break;
    case '5':
      if (statAt(path) === undefined) mkdirSync(path, { mode });
      break;
    case '6':
      makeNode(path, 0o010000 | (mode & 0o7777));
      break;
    default:
      throw new TypeError(`no entry of type ${typeFlag} was asked for`);
  }
}
