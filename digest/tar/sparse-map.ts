import { DigestError } from '#digest/errors';
import { escapeBytes } from '#digest/listing-path';
import { BLOCK_SIZE, readNumber } from './header-block.ts';
import type { PaxRecords } from './pax-records.ts';
import type { SparseFile } from './sparse-file.ts';
import { type Int64, parseDecimal } from './tar-number.ts';

/** A map that takes blocks of its own in the archive. */
export interface SparseMap {
  /** Whether its blocks are counted in the entry's size. */
  readonly isContent: boolean;
  /**
   * @returns whether the map is complete
   * @throws {DigestError} `layer`, without saying where
   */
  block(bytes: Buffer, at: number): boolean;
}

/** Go's limit, for maps and extended headers alike. */
export const MAX_SPECIAL_SIZE: number = 2 ** 20;

const OLD_FIELD = 12;
const OLD_FRAGMENT = 2 * OLD_FIELD;
const LINE_FEED = 0x0a;

/** GNU tar's manual, "Old GNU Format": 4 fragments in the header, 21 in each block behind it. */
export class OldSparseMap implements SparseMap {
  readonly isContent = false;
  readonly #file: SparseFile;
  #size = 0;

  constructor(file: SparseFile) {
    this.#file = file;
  }

  /** @returns whether the map is complete */
  header(bytes: Buffer, at: number): boolean {
    return this.#fragments(bytes, at + 386, 4);
  }

  block(bytes: Buffer, at: number): boolean {
    return this.#fragments(bytes, at, 21);
  }

  #fragments(bytes: Buffer, at: number, count: number): boolean {
    const end = at + count * OLD_FRAGMENT;
    for (let i = at; i < end && bytes[i] !== 0; i += OLD_FRAGMENT) {
      const offset = readNumber(bytes, i, OLD_FIELD, 'offset');
      this.#file.add(offset, readNumber(bytes, i + OLD_FIELD, OLD_FIELD, 'numbytes'));
    }
    const isExtended = bytes[end] !== 0;
    this.#size += BLOCK_SIZE;
    if (isExtended && this.#size >= MAX_SPECIAL_SIZE) throw tooLong();
    return !isExtended;
  }
}

/** GNU tar's manual, "PAX Format, Version 1.0": lines of decimal numbers; what is behind them in the last block is ignored. */
export class SparseMapOfLines implements SparseMap {
  readonly isContent = true;
  readonly #file: SparseFile;
  #size = 0;
  /** The part of a line that the last block ended with. */
  #line = '';
  /** Of the lines to come; undefined until the first. */
  #lines: number | undefined;
  #offset: Int64 | undefined;

  constructor(file: SparseFile) {
    this.#file = file;
  }

  block(bytes: Buffer, at: number): boolean {
    this.#size += BLOCK_SIZE;
    if (this.#size > MAX_SPECIAL_SIZE) throw tooLong();
    const end = at + BLOCK_SIZE;
    for (let start = at; this.#lines !== 0; ) {
      const feed = bytes.subarray(start, end).indexOf(LINE_FEED);
      if (feed < 0) {
        this.#line += bytes.toString('latin1', start, end);
        return false;
      }
      this.#number(this.#line + bytes.toString('latin1', start, start + feed));
      this.#line = '';
      start += feed + 1;
    }
    return true;
  }

  #number(line: string): void {
    const value = parseDecimal(line);
    if (value === undefined) throw notANumber(line);
    if (this.#lines === undefined) {
      this.#lines = 2 * countOf(value);
      return;
    }
    if (this.#lines % 2 === 0) this.#offset = value;
    else this.#file.add(this.#offset, value);
    this.#lines -= 1;
  }
}

/** GNU tar's manual, "PAX Format, Versions 0.0 and 0.1": in the records. */
export function addFragmentsOfRecords(file: SparseFile, { texts }: PaxRecords): void {
  const blocks = texts.get('GNU.sparse.numblocks') ?? '';
  const count = countOf(parseDecimal(blocks));
  const map = texts.get('GNU.sparse.map') ?? '';
  const numbers = map === '' ? [] : map.split(',');
  if (numbers.length !== 2 * count) {
    throw new DigestError(
      'layer',
      `expected ${2 * count} numbers in the map of a sparse file, found ${numbers.length}`,
    );
  }
  for (let i = 0; i < numbers.length; i += 2) {
    file.add(decimal(numbers[i] ?? ''), decimal(numbers[i + 1] ?? ''));
  }
}

function decimal(text: string): Int64 {
  const value = parseDecimal(text);
  if (value === undefined) throw notANumber(text);
  return value;
}

function countOf(value: Int64 | undefined): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new DigestError(
    'layer',
    `expected the number of a sparse file's fragments, found ${value ?? 'none'}`,
  );
}

function notANumber(text: string): DigestError {
  const found = escapeBytes(text.slice(0, 32));
  return new DigestError(
    'layer',
    `expected a number in the map of a sparse file, found "${found}"`,
  );
}

function tooLong(): DigestError {
  return new DigestError(
    'layer',
    `expected the map of a sparse file in at most ${MAX_SPECIAL_SIZE} bytes`,
  );
}
