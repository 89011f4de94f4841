import type { Segments } from './sparse-file.ts';
import type { TarVisitor } from './tar-visitor.ts';

const DENSE: Segments = [];

/** Gives an entry's content to the visitor, with the holes where they belong. */
export class EntryContent {
  readonly #visitor: TarVisitor;
  #segments: Segments = DENSE;
  /** Of the next segment, always one of zeros. */
  #next = 0;
  /** Bytes of content before the next segment. */
  #left = 0;

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor;
  }

  beginDense(size: number): void {
    this.#segments = DENSE;
    this.#next = 0;
    this.#left = size;
  }

  beginSparse(segments: Segments): void {
    this.#segments = segments;
    this.#next = 0;
    this.#hole();
  }

  /** @returns how many bytes were content: the entry has ended where they are fewer than there are, or none are left */
  write(bytes: Buffer, at: number): number {
    const length = Math.min(this.#left, bytes.length - at);
    const isAll = at === 0 && length === bytes.length;
    this.#visitor.data(isAll ? bytes : bytes.subarray(at, at + length));
    this.#left -= length;
    if (this.#left === 0) this.#hole();
    return length;
  }

  get hasEnded(): boolean {
    return this.#left === 0;
  }

  #hole(): void {
    if (this.#next === this.#segments.length) return;
    const length = this.#segments[this.#next] ?? 0;
    if (length > 0) this.#visitor.hole(length);
    this.#left = this.#segments[this.#next + 1] ?? 0;
    this.#next = Math.min(this.#next + 2, this.#segments.length);
  }
}
