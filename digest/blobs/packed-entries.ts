/**
 * Entries on their way from one thread to another: two arrays, which are handed over as they are. As 10,000 objects they would be
 * copied one by one, by both threads.
 */
import type { ByteString } from '#digest/entry';
import type { LayerEntry, LayerXattr } from '#digest/layers/layer';

export interface PackedEntries {
  readonly count: number;
  /** For each entry FIXED_WORDS numbers, then two (length of name and value) for each attribute. */
  readonly words: Uint32Array<ArrayBuffer>;
  /** For each entry the name, the link name, each attribute's name and value, and a file's digest. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

const FIXED_WORDS = 11;
const DIGEST_BYTES = 32;
const SIZE_HIGH = 2 ** 32;
/** The last of the fixed words: two flags, and above them how many attributes there are. */
const HAS_DIGEST = 1;
const DEVICE_CUT = 2;
const ATTRIBUTE = 4;

type Header = Omit<LayerEntry, 'sha256'>;

/** Takes entries in, one after another. */
export class EntryPacker {
  #count = 0;
  #words = new Uint32Array(new ArrayBuffer(4096 * 4));
  #wordsUsed = 0;
  #bytes = Buffer.from(new ArrayBuffer(64 * 1024));
  #bytesUsed = 0;

  /** @param digest 32 bytes; undefined for what is no file */
  add(header: Header, digest: Uint8Array | undefined): void {
    const { name, linkName, xattrs, size } = header;
    this.#reserve(FIXED_WORDS + 2 * xattrs.length, metadataLength(header) + DIGEST_BYTES);
    this.#word(name.length);
    this.#word(linkName.length);
    this.#word(header.typeFlag.charCodeAt(0));
    this.#word(header.mode);
    this.#word(header.uid);
    this.#word(header.gid);
    this.#word(header.major);
    this.#word(header.minor);
    this.#word(size % SIZE_HIGH);
    this.#word(Math.floor(size / SIZE_HIGH));
    this.#word(
      ATTRIBUTE * xattrs.length +
        (header.isDeviceCut ? DEVICE_CUT : 0) +
        (digest === undefined ? 0 : HAS_DIGEST),
    );
    this.#text(name);
    this.#text(linkName);
    for (const xattr of xattrs) this.#xattr(xattr);
    if (digest !== undefined) this.#append(digest);
    this.#count += 1;
  }

  /** To be called once, at last. */
  pack(): PackedEntries {
    const words = new Uint32Array(this.#words.buffer.transfer(4 * this.#wordsUsed));
    const bytes = new Uint8Array(this.#bytes.buffer.transfer(this.#bytesUsed));
    return { count: this.#count, words, bytes };
  }

  #word(value: number): void {
    this.#words[this.#wordsUsed++] = value;
  }

  #text(text: ByteString): void {
    this.#bytesUsed += this.#bytes.write(text, this.#bytesUsed, 'latin1');
  }

  #xattr({ name, value }: LayerXattr): void {
    this.#word(name.length);
    this.#word(value.length);
    this.#text(name);
    this.#append(value);
  }

  #append(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#bytesUsed);
    this.#bytesUsed += bytes.length;
  }

  #reserve(words: number, bytes: number): void {
    if (this.#wordsUsed + words > this.#words.length) {
      const length = 2 * this.#words.length + words;
      this.#words = new Uint32Array(this.#words.buffer.transfer(4 * length));
    }
    if (this.#bytesUsed + bytes > this.#bytes.length) {
      const length = 2 * this.#bytes.length + bytes;
      this.#bytes = Buffer.from(this.#bytes.buffer.transfer(length));
    }
  }
}

/** Bytes of an entry that have no fixed length. */
export function metadataLength({ name, linkName, xattrs }: Header): number {
  let length = name.length + linkName.length;
  for (const xattr of xattrs) length += xattr.name.length + xattr.value.length;
  return length;
}

export function unpackEntries(packed: PackedEntries): LayerEntry[] {
  const reader = new PackedReader(packed);
  return Array.from({ length: packed.count }, () => reader.entry());
}

const NO_XATTRS: readonly LayerXattr[] = [];

class PackedReader {
  readonly #words: Uint32Array;
  readonly #bytes: Buffer;
  /** All of the bytes at once: what is cut from it shares its memory. */
  readonly #text: ByteString;
  #word = 0;
  #byte = 0;

  constructor({ words, bytes }: PackedEntries) {
    this.#words = words;
    this.#bytes = Buffer.from(bytes.buffer);
    this.#text = this.#bytes.toString('latin1');
  }

  entry(): LayerEntry {
    const nameLength = this.#next();
    const linkLength = this.#next();
    const typeFlag = String.fromCharCode(this.#next());
    const [mode, uid, gid] = [this.#next(), this.#next(), this.#next()];
    const [major, minor] = [this.#next(), this.#next()];
    const size = this.#next() + this.#next() * SIZE_HIGH;
    const flags = this.#next();
    const name = this.#string(nameLength);
    const linkName = this.#string(linkLength);
    const length = Math.floor(flags / ATTRIBUTE);
    const xattrs = length === 0 ? NO_XATTRS : Array.from({ length }, () => this.#xattr());
    const sha256 = (flags & HAS_DIGEST) === 0 ? '' : this.#digest();
    const isDeviceCut = (flags & DEVICE_CUT) !== 0;
    const device = { major, minor, isDeviceCut };
    return { name, typeFlag, linkName, mode, uid, gid, ...device, size, sha256, xattrs };
  }

  #next(): number {
    return this.#words[this.#word++] ?? 0;
  }

  #string(length: number): ByteString {
    const start = this.#byte;
    this.#byte += length;
    return this.#text.slice(start, this.#byte);
  }

  #xattr(): LayerXattr {
    const [nameLength, valueLength] = [this.#next(), this.#next()];
    const name = this.#string(nameLength);
    const start = this.#byte;
    this.#byte += valueLength;
    return { name, value: Uint8Array.from(this.#bytes.subarray(start, this.#byte)) };
  }

  #digest(): string {
    const start = this.#byte;
    this.#byte += DIGEST_BYTES;
    return this.#bytes.toString('hex', start, this.#byte);
  }
}
