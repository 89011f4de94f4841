/**
 * Bytes as a string of the same length, one code unit 0x00–0xff per byte (Node's `latin1`).
 * Names in a container image are bytes, not text; comparing two byte strings with `<` compares bytes.
 */
export type ByteString = string;

/** An extended attribute that the listing carries, already in the listing's canonical form. */
export interface Xattr {
  readonly name: string;
  readonly value: Uint8Array;
}

interface Owned {
  /** Path below the root, components joined by `/`, without a leading `./`. Never empty. */
  readonly path: ByteString;
  /** The container's ids. */
  readonly uid: number;
  readonly gid: number;
  /** Sorted by name, each name once. */
  readonly xattrs: readonly Xattr[];
}

interface Moded {
  /** Permission bits, 0–0o7777. */
  readonly mode: number;
}

export interface Directory extends Owned, Moded {
  readonly kind: 'dir';
}

export interface File extends Owned, Moded {
  readonly kind: 'file';
  /** Bytes; exact up to 2^53 − 1. */
  readonly size: number;
  /** SHA-256 of the content, 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

export interface Link extends Owned {
  readonly kind: 'link';
  readonly target: ByteString;
}

export interface Device extends Owned, Moded {
  readonly kind: 'char' | 'block';
  readonly major: number;
  readonly minor: number;
}

export interface Fifo extends Owned, Moded {
  readonly kind: 'fifo';
}

/** One line of a listing: anything in a root filesystem that can come from an image. */
export type Entry = Directory | File | Link | Device | Fifo;
