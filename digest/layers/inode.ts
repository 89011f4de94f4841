import type { ByteString, Entry } from '#digest/entry';
import type { LayerEntry } from './layer.ts';

/** What an unpacked layer has at a name; hard links share one. Only what a listing or overlayfs looks at is kept. */
export class Inode {
  readonly kind: Entry['kind'];
  /** Permission bits. */
  mode: number;
  uid = 0;
  gid = 0;
  /** Of a directory. */
  readonly names: Map<ByteString, Inode> | undefined;
  /** Of a file: whose content it has. Of a link: whose target. */
  readonly source: LayerEntry | undefined;
  /** 0 but for a device. */
  major = 0;
  minor = 0;
  /** Of a directory: `trusted.overlay.opaque` is `y`. */
  isOpaque = false;
  capability: Uint8Array | undefined;
  accessAcl: Uint8Array | undefined;
  defaultAcl: Uint8Array | undefined;

  constructor(kind: Entry['kind'], mode: number, source?: LayerEntry) {
    this.kind = kind;
    this.mode = mode;
    this.source = source;
    this.names = kind === 'dir' ? new Map() : undefined;
  }
}

export interface DirectoryInode extends Inode {
  readonly names: Map<ByteString, Inode>;
}

export function isDirectory(inode: Inode | undefined): inode is DirectoryInode {
  return inode?.names !== undefined;
}

/** overlayfs reads a character device 0:0 as the absence of the name, wherever it comes from. */
export function isWhiteout(inode: Inode): boolean {
  return inode.kind === 'char' && inode.major === 0 && inode.minor === 0;
}

export function newRoot(): DirectoryInode {
  return newDirectory(0o755);
}

export function newDirectory(mode: number): DirectoryInode {
  const inode = new Inode('dir', mode);
  if (!isDirectory(inode)) throw new TypeError('a directory has names');
  return inode;
}
