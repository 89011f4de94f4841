import { readSync } from 'node:fs';
import type { DigestText } from '#digest/digest';
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import { Sha256 } from '#digest/sha256';
import { MAGIC_LENGTH } from './compression.ts';
import type { BlobRegion } from './layer-source.ts';

const CHUNK_SIZE = 128 * 1024;

/** One for each thread: a thread reads one blob at a time. */
const chunk = new Memory(CHUNK_SIZE);

/** Reads a blob and hashes it. */
export class BlobReader implements Disposable {
  readonly chunk: Memory = chunk;
  readonly #blob: BlobRegion;
  readonly #hash = new Sha256();
  #done = 0;

  constructor(blob: BlobRegion) {
    this.#blob = blob;
  }

  /** @returns its first bytes, MAGIC_LENGTH of them where there are so many */
  start(): Uint8Array {
    const { fd, offset, size } = this.#blob;
    const start = Buffer.alloc(Math.min(MAGIC_LENGTH, size));
    return start.subarray(0, readAt(fd, start, start.length, offset));
  }

  /**
   * Reads the next bytes into `chunk`.
   *
   * @returns how many; 0 behind the last
   * @throws {DigestError} `image` if the blob is shorter than it should be, `unreadable`
   */
  read(): number {
    const { fd, offset, size } = this.#blob;
    const wanted = Math.min(CHUNK_SIZE, size - this.#done);
    if (wanted === 0) return 0;
    const count = readAt(fd, chunk.bytes, wanted, offset + this.#done);
    if (count === 0) {
      throw new DigestError('image', `expected a blob of ${size} bytes, found ${this.#done}`);
    }
    this.#hash.update(chunk.address, count);
    this.#done += count;
    return count;
  }

  /** To be called once. @returns the digest of what was read */
  digest(): DigestText {
    return `sha256:${this.#hash.digest().toHex()}`;
  }

  [Symbol.dispose](): void {
    this.#hash[Symbol.dispose]();
  }
}

function readAt(fd: number, into: Buffer, length: number, position: number): number {
  try {
    return readSync(fd, into, 0, length, position);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new DigestError('unreadable', `could not read a blob: ${why}`, { cause });
  }
}
