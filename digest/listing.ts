import type { Entry, File, Xattr } from './entry.ts';
import { escapeBytes, escapePath } from './listing-path.ts';

/** What a listing is of: a root filesystem, or the writable layer above one. */
export type ListingKind = 'rootfs' | 'writable';

/** The first two lines: format and version, and the root, whose metadata no engine takes from the image. */
export const LISTING_HEADER: Readonly<Record<ListingKind, string>> = {
  rootfs: '#mtree rootfs-digest v1\n. type=dir\n',
  writable: '#mtree writable-digest v1\n. type=dir\n',
};

export type UnhashedFile = Omit<File, 'sha256'>;

/**
 * The lines of one entry (docs/rootfs-digest.md, "Encoding"). A change here changes every digest: it needs a new version.
 */
export function encodeEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'file':
      return encodeFileUpToDigest(entry) + entry.sha256 + encodeAfterDigest(entry);
    case 'link':
      return `${start(entry)} uid=${entry.uid} gid=${entry.gid} link=${escapeBytes(entry.target)}${end(entry)}`;
    case 'char':
    case 'block':
      return `${start(entry)}${moded(entry)} device=native,${entry.major},${entry.minor}${end(entry)}`;
    case 'dir':
    case 'fifo':
      return `${start(entry)}${moded(entry)}${end(entry)}`;
  }
}

/** What stands before a file's 64 digits, so that a listing can be laid out before its contents are hashed. */
export function encodeFileUpToDigest(file: UnhashedFile): string {
  return `${start(file)}${moded(file)} size=${file.size} sha256digest=`;
}

export const encodeAfterDigest: (file: UnhashedFile) => string = end;

function start({ path, kind }: Entry | UnhashedFile): string {
  return `${escapePath(path)} type=${kind}`;
}

function moded({ mode, uid, gid }: { mode: number; uid: number; gid: number }): string {
  return ` mode=${mode.toString(8).padStart(4, '0')} uid=${uid} gid=${gid}`;
}

function end({ xattrs }: { xattrs: readonly Xattr[] }): string {
  return xattrs.length === 0 ? '\n' : `\n${xattrs.map(encodeXattr).join('')}`;
}

function encodeXattr({ name, value }: Xattr): string {
  return `#xattr ${name}=${value.toBase64()}\n`;
}
