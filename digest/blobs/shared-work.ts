import { DigestError } from '#digest/errors';
import type { ReadLimits } from './limits.ts';

// Words of the shared memory.
const CLAIMED = 0;
const STOPPED = 1;
const BLOB_BYTES = 2;
const BYTES = 3;
const ENTRIES = 4;
const METADATA = 5;
const WORDS = 6;

/** Thrown where a thread stops because another one failed. */
export class Stopped extends Error {
  override readonly name = 'Stopped';
}

/** What the threads that read one image share: which layer is next, how much is read, whether to go on. */
export class SharedWork {
  readonly memory: SharedArrayBuffer;
  readonly #limits: ReadLimits;
  readonly #words: BigInt64Array;

  /** @param memory of another thread's; absent: a new one */
  constructor(limits: ReadLimits, memory: SharedArrayBuffer = new SharedArrayBuffer(8 * WORDS)) {
    this.#limits = limits;
    this.memory = memory;
    this.#words = new BigInt64Array(memory);
  }

  /** @returns the number of the next job: 0, 1, … without end */
  claim(): number {
    return this.#add(CLAIMED, 1) - 1;
  }

  stop(): void {
    Atomics.store(this.#words, STOPPED, 1n);
  }

  /** @throws {Stopped} */
  checkpoint(): void {
    if (Atomics.load(this.#words, STOPPED) !== 0n) throw new Stopped('another thread failed');
  }

  get blobBytes(): number {
    return Number(Atomics.load(this.#words, BLOB_BYTES));
  }

  countBlobBytes(count: number): void {
    this.#add(BLOB_BYTES, count);
  }

  /**
   * @throws {DigestError} `too-large`
   * @throws {Stopped}
   */
  countBytes(count: number): void {
    this.checkpoint();
    const { bytes } = this.#limits;
    if (this.#add(BYTES, count) > bytes) throw tooLarge(`${bytes} uncompressed bytes`);
  }

  /**
   * What one entry claims to have is refused before it comes.
   *
   * @throws {DigestError} `too-large`
   */
  expectBytes(count: number): void {
    const { bytes } = this.#limits;
    if (count > bytes) throw tooLarge(`${bytes} uncompressed bytes`);
  }

  /** @throws {DigestError} `too-large` */
  countEntry(metadata: number): void {
    const { entries, metadataBytes } = this.#limits;
    if (this.#add(ENTRIES, 1) > entries) throw tooLarge(`${entries} entries`);
    if (this.#add(METADATA, metadata) > metadataBytes) {
      throw tooLarge(`${metadataBytes} bytes of names and attributes`);
    }
  }

  /** @returns the sum */
  #add(word: number, count: number): number {
    return Number(Atomics.add(this.#words, word, BigInt(count))) + count;
  }
}

function tooLarge(most: string): DigestError {
  return new DigestError('too-large', `expected at most ${most} in an image`);
}
