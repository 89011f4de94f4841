import { DigestError } from '#digest/errors';
import type { Int64 } from './tar-number.ts';

/** A file's lengths of zeros and of content in turn: first zeros, last zeros, each may be 0. Adds up to the file's size. */
export type Segments = readonly number[];

/** Where the content in an archive belongs in a sparse file. Fragments are added in the map's order. */
export class SparseFile {
  readonly #size: number;
  readonly #segments: number[] = [];
  /** Where the last fragment ended, empty ones too. */
  #end = 0;
  /** Where the last segment ended. */
  #written = 0;
  #content = 0;

  /** @param size of the file, holes included */
  constructor(size: number) {
    this.#size = size;
  }

  /** @throws {DigestError} `layer`, without saying where */
  add(offset: Int64 | undefined, length: Int64 | undefined): void {
    if (!isWithin(offset, this.#end, this.#size) || !isWithin(length, 0, this.#size - offset)) {
      const after = `within ${this.#end} to ${this.#size} of the sparse file`;
      throw new DigestError('layer', `expected a fragment ${after}, found ${offset}+${length}`);
    }
    this.#end = offset + length;
    if (length === 0) return;
    this.#segments.push(offset - this.#written, length);
    this.#written = this.#end;
    this.#content += length;
  }

  /**
   * @param content how much of it there is in the archive
   * @throws {DigestError} `layer`, without saying where
   */
  segments(content: number): Segments {
    if (content !== this.#content) {
      throw new DigestError(
        'layer',
        `expected ${this.#content} bytes of content as the sparse file's map says, found ${content}`,
      );
    }
    this.#segments.push(this.#size - this.#written);
    return this.#segments;
  }
}

function isWithin(value: Int64 | undefined, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}
