import type { Entry, Xattr } from './entry.ts';
import { escapeBytes, escapePath } from './listing-path.ts';

/** What a listing is of: a root filesystem, or the writable layer above one. */
export type ListingKind = 'rootfs' | 'writable';

/** The first two lines: format and version, and the root, whose metadata no engine takes from the image. */
export const LISTING_HEADER: Readonly<Record<ListingKind, string>> = {
  rootfs: '#mtree rootfs-digest v1\n. type=dir\n',
  writable: '#mtree writable-digest v1\n. type=dir\n',
};

/**
 * The lines of one entry (docs/rootfs-digest.md, "Encoding"). A change here changes every digest: it needs a new version.
 */
export function encodeEntry(entry: Entry): string {
  const lines = `${escapePath(entry.path)} type=${entry.kind}${fields(entry)}\n`;
  return entry.xattrs.length === 0 ? lines : lines + entry.xattrs.map(encodeXattr).join('');
}

function fields(entry: Entry): string {
  const owner = ` uid=${entry.uid} gid=${entry.gid}`;
  if (entry.kind === 'link') return `${owner} link=${escapeBytes(entry.target)}`;
  const moded = ` mode=${entry.mode.toString(8).padStart(4, '0')}${owner}`;
  switch (entry.kind) {
    case 'file':
      return `${moded} size=${entry.size} sha256digest=${entry.sha256}`;
    case 'char':
    case 'block':
      return `${moded} device=native,${entry.major},${entry.minor}`;
    case 'dir':
    case 'fifo':
      return moded;
  }
}

function encodeXattr({ name, value }: Xattr): string {
  return `#xattr ${name}=${value.toBase64()}\n`;
}
