import { DigestError } from '#digest/errors';
import { BLOCK_SIZE, type HeaderBlock, isZeroBlock, parseHeaderBlock } from './header-block.ts';
import type { Segments } from './sparse-file.ts';
import { type SparseHeader, sparseHeader } from './sparse-header.ts';
import { isSpecial, SpecialFile } from './special-file.ts';
import { ExtendedHeaders, globalHeader, mergeHeaders, type TarHeader } from './tar-header.ts';

/** An entry whose headers are all read. */
export interface BegunEntry {
  readonly kind: 'entry';
  readonly header: TarHeader;
  /** Undefined if it is no sparse file. */
  readonly segments: Segments | undefined;
  /** Bytes of content in the archive. */
  readonly stored: number;
}

/** What follows a block: another one, the content of an extended header or of an entry, or nothing that counts. */
export type Next = { readonly kind: 'block' | 'end' } | SpecialFile | BegunEntry;

const BLOCK: Next = { kind: 'block' };
const END: Next = { kind: 'end' };

/** Puts together what an entry's own header, those before it and the map of a sparse file behind it say. */
export class HeaderSequence {
  #state: 'header' | 'second zero block' | 'sparse map' = 'header';
  #extended = new ExtendedHeaders();
  #sparse: SparseHeader | undefined;
  /** Bytes that are stored for the sparse file, its map's blocks included until they are read. */
  #stored = 0;

  /** Whether the archive can end instead of another block. */
  get mayEnd(): boolean {
    return this.#state !== 'sparse map';
  }

  /** @throws {DigestError} `layer`, `too-large`, without saying where */
  block(bytes: Buffer, at: number): Next {
    switch (this.#state) {
      case 'sparse map':
        return this.#mapBlock(bytes, at);
      case 'second zero block':
        if (isZeroBlock(bytes, at)) return END;
        throw new DigestError('layer', 'expected a second block of zeros');
      case 'header':
        if (!isZeroBlock(bytes, at)) return this.#headerBlock(bytes, at);
        this.#state = 'second zero block';
        return BLOCK;
    }
  }

  /**
   * To be called when an extended header's content is complete.
   *
   * @returns an entry, if it is a global header
   * @throws {DigestError} `layer`, without saying where
   */
  special(file: SpecialFile): TarHeader | undefined {
    const records = file.applyTo(this.#extended);
    if (records === undefined) return undefined;
    // What stood before it was for it.
    this.#extended = new ExtendedHeaders();
    return globalHeader(file.block, records);
  }

  #headerBlock(bytes: Buffer, at: number): Next {
    const block = parseHeaderBlock(bytes, at);
    if (isSpecial(block.typeFlag)) return new SpecialFile(block);
    return this.#entry(block, bytes, at);
  }

  #entry(block: HeaderBlock, bytes: Buffer, at: number): Next {
    const extended = this.#extended;
    this.#extended = new ExtendedHeaders();
    const header = mergeHeaders(block, extended);
    const stored = header.size;
    const sparse = sparseHeader(header, block, extended.records, bytes, at);
    if (sparse === undefined) return { kind: 'entry', header, segments: undefined, stored };
    this.#stored = stored;
    return sparse.map === undefined ? this.#begun(sparse) : this.#awaitMap(sparse);
  }

  #awaitMap(sparse: SparseHeader): Next {
    this.#sparse = sparse;
    this.#state = 'sparse map';
    if (sparse.map?.isContent === true && this.#stored < BLOCK_SIZE) {
      throw new DigestError('layer', "expected the sparse file's map within its content");
    }
    return BLOCK;
  }

  #mapBlock(bytes: Buffer, at: number): Next {
    const sparse = this.#sparse;
    if (sparse?.map === undefined) return BLOCK;
    const isComplete = sparse.map.block(bytes, at);
    if (sparse.map.isContent) this.#stored -= BLOCK_SIZE;
    return isComplete ? this.#begun(sparse) : this.#awaitMap(sparse);
  }

  #begun({ header, file }: SparseHeader): BegunEntry {
    this.#sparse = undefined;
    this.#state = 'header';
    const stored = this.#stored;
    return { kind: 'entry', header, segments: file.segments(stored), stored };
  }
}
