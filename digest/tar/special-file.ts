import { DigestError } from '#digest/errors';
import type { HeaderBlock } from './header-block.ts';
import { type PaxRecords, parsePaxRecords } from './pax-records.ts';
import { MAX_SPECIAL_SIZE } from './sparse-map.ts';
import { contentSize, type ExtendedHeaders } from './tar-header.ts';

const PAX = 'x';
const GLOBAL = 'g';
const LONG_NAME = 'L';
const LONG_LINK = 'K';

export function isSpecial(typeFlag: string): boolean {
  return (
    typeFlag === PAX || typeFlag === LONG_NAME || typeFlag === LONG_LINK || typeFlag === GLOBAL
  );
}

/** What stands in an archive like a file and tells of the next entry. */
export class SpecialFile {
  readonly kind = 'special' as const;
  readonly block: HeaderBlock;
  readonly size: number;
  #content: Buffer | undefined;
  #length = 0;

  /** @throws {DigestError} `layer`, without saying where */
  constructor(block: HeaderBlock) {
    if (block.size > MAX_SPECIAL_SIZE) {
      throw new DigestError(
        'layer',
        `expected an extended header of at most ${MAX_SPECIAL_SIZE} bytes, found ${block.size}`,
      );
    }
    this.block = block;
    this.size = contentSize(block.size);
  }

  get isComplete(): boolean {
    return this.#length === this.size;
  }

  /**
   * Once it is complete it is to be applied before the bytes change.
   *
   * @returns how many bytes were taken
   */
  write(bytes: Buffer, at: number): number {
    const isWhole = this.#length === 0 && bytes.length - at >= this.size;
    if (isWhole) this.#content = bytes.subarray(at, at + this.size);
    else this.#content ??= Buffer.allocUnsafe(this.size);
    const taken = isWhole ? this.size : bytes.copy(this.#content, this.#length, at);
    this.#length += taken;
    return taken;
  }

  /**
   * @returns the records, where they are not of the next entry but a global header
   * @throws {DigestError} `layer`, without saying where
   */
  applyTo(extended: ExtendedHeaders): PaxRecords | undefined {
    switch (this.block.typeFlag) {
      case LONG_NAME:
        extended.longName = this.#text();
        return undefined;
      case LONG_LINK:
        extended.longLink = this.#text();
        return undefined;
      case PAX:
        extended.records = parsePaxRecords(this.#bytes);
        return undefined;
      default:
        return parsePaxRecords(this.#bytes);
    }
  }

  #text(): string {
    const end = this.#bytes.indexOf(0);
    return this.#bytes.toString('latin1', 0, end < 0 ? this.size : end);
  }

  get #bytes(): Buffer {
    return this.#content ?? NOTHING;
  }
}

const NOTHING = Buffer.alloc(0);
