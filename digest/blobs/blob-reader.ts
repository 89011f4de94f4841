import type { DigestText } from '#digest/digest';
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import { Sha256 } from '#digest/sha256';
import { MAGIC_LENGTH } from './compression.ts';
import type { BlobRegion } from './layer-source.ts';
import { readRegion, readSome } from './read-region.ts';

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

  /**
   * @returns its first bytes, MAGIC_LENGTH of them where there are so many
   * @throws {DigestError} `unreadable`
   */
  start(): Uint8Array {
    return readRegion(this.#blob, 0, MAGIC_LENGTH);
  }

  /**
   * Reads the next bytes into `chunk`.
   *
   * @returns how many; 0 behind the last
   * @throws {DigestError} `image` if the blob is shorter than it should be, `unreadable`
   */
  read(): number {
    const { size } = this.#blob;
    const wanted = Math.min(CHUNK_SIZE, size - this.#done);
    if (wanted === 0) return 0;
    const count = readSome(this.#blob, this.#done, chunk.bytes, wanted);
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
