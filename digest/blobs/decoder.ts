import type { Memory } from '#digest/linux-syscalls';

/** Takes `length` bytes at the start of `memory`, which are there until it returns. */
export type Sink = (memory: Memory, length: number) => void;

/** Decompresses what is written into it, into its sink. */
export interface Decoder extends Disposable {
  /** @throws {DigestError} `layer` */
  write(memory: Memory, length: number): void;
  /**
   * To be called behind the last byte.
   *
   * @throws {DigestError} `layer` if that is not where the compressed data ends
   */
  end(): void;
}

/**
 * Decompressed bytes at a time: so many are still in the processor's cache when they are hashed, twice, and the 32 KiB that zlib
 * saves at the end of each call weigh little.
 */
export const OUTPUT_SIZE: number = 256 * 1024;
