import type { Memory } from '#digest/linux-syscalls';
import type { Decoder, Sink } from './decoder.ts';

/** Of what is not compressed. */
export class PlainDecoder implements Decoder {
  readonly #sink: Sink;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  write(memory: Memory, length: number): void {
    this.#sink(memory, length);
  }

  end(): void {}

  [Symbol.dispose](): void {}
}
