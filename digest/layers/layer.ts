import type { DigestText } from '#digest/digest';
import type { ByteString } from '#digest/entry';

/**
 * The type flags of tar headers that engines unpack (POSIX.1-1988 `ustar`; `g` is a PAX global header), as Go's archive/tar
 * returns them: `\0` is `0`, or `5` where the name ends in a slash.
 */
export const TypeFlag = {
  file: '0',
  hardLink: '1',
  link: '2',
  char: '3',
  block: '4',
  dir: '5',
  fifo: '6',
  global: 'g',
} as const;

/** One entry of a layer's archive as Go's archive/tar reads it: nothing cleaned, nothing applied. */
export interface LayerEntry {
  /** The name as the archive has it: may be absolute, empty, hold `..`, end in slashes. Without NUL. */
  readonly name: ByteString;
  /** One of {@link TypeFlag}, or another character that no engine unpacks. */
  readonly typeFlag: string;
  /** Of a hard link the name it links to, of a symbolic link its target; else ''. */
  readonly linkName: ByteString;
  /** The lowest 32 bits of the field: they are what reaches the kernel. */
  readonly mode: number;
  /** The lowest 32 bits, unsigned: 4294967295 may have been −1. */
  readonly uid: number;
  readonly gid: number;
  /** The lowest 32 bits, unsigned. */
  readonly major: number;
  readonly minor: number;
  /** Where the major or the minor number has more than its lowest 32 bits, or is negative. */
  readonly isDeviceCut: boolean;
  /** Bytes of content, holes of sparse files included; exact. 0 for what has no content. */
  readonly size: number;
  /** SHA-256 of the content, 64 hexadecimal digits; '' for what is no file. */
  readonly sha256: string;
  /** Of the PAX records `SCHILY.xattr.NAME`, in no order, each name once (the last record counts). */
  readonly xattrs: readonly LayerXattr[];
}

export interface LayerXattr {
  readonly name: ByteString;
  readonly value: Uint8Array;
}

/** A layer whose bytes were read to their end and had the digests that the image gives them. */
export interface Layer {
  /** The digest of the uncompressed archive. */
  readonly diffID: DigestText;
  /** In the archive's order. */
  readonly entries: readonly LayerEntry[];
}
