import { DigestError } from '#digest/errors';
import { EntryContent } from './entry-content.ts';
import { BLOCK_SIZE, type HeaderBlock, isZeroBlock, parseHeaderBlock } from './header-block.ts';
import { type SparseHeader, sparseHeader } from './sparse-header.ts';
import { isSpecial, SpecialFile } from './special-file.ts';
import { ExtendedHeaders, globalHeader, mergeHeaders, type TarHeader } from './tar-header.ts';
import type { TarVisitor } from './tar-visitor.ts';

export type { TarHeader } from './tar-header.ts';
export type { TarVisitor } from './tar-visitor.ts';

/** What the next byte belongs to. */
type State =
  | 'header'
  | 'second zero block'
  | 'sparse map'
  | 'special'
  | 'content'
  | 'padding'
  | 'end';

/**
 * Reads a layer's archive (docs/reading-layers.md) as it comes, in pieces of any length. Once it has thrown it is not to be used again.
 */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #content: EntryContent;
  #state: State = 'header';
  /** Of the next byte. */
  #offset = 0;
  /** A block that comes in more than one piece. */
  readonly #block: Buffer = Buffer.alloc(BLOCK_SIZE);
  #blockLength = 0;
  /** Of the last block. */
  #blockOffset = 0;
  #padding = 0;
  #extended = new ExtendedHeaders();
  #special: SpecialFile | undefined;
  #sparse: SparseHeader | undefined;
  /** Bytes that are stored for the sparse file, its map's blocks included until they are read. */
  #stored = 0;

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor;
    this.#content = new EntryContent(visitor);
  }

  /** @throws {DigestError} `layer`, `too-large` */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (let at = 0; at < bytes.length && this.#state !== 'end'; ) {
      const taken = this.#take(bytes, at);
      at += taken;
      this.#offset += taken;
    }
  }

  /**
   * To be called at the end of the bytes.
   *
   * @throws {DigestError} `layer`
   */
  close(): void {
    const isBetween = this.#state === 'header' || this.#state === 'second zero block';
    if (this.#state === 'end' || this.#state === 'padding') return;
    if (isBetween && this.#blockLength === 0) return;
    throw new DigestError(
      'layer',
      `expected more of the archive behind byte ${this.#offset}, found its end`,
    );
  }

  /** @returns how many bytes were used, at least one */
  #take(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'special':
        return this.#takeSpecial(bytes, at);
      case 'content':
        return this.#takeContent(bytes, at);
      case 'padding':
        return this.#takePadding(bytes, at);
      case 'header':
      case 'second zero block':
      case 'sparse map':
        return this.#takeBlock(bytes, at);
      case 'end':
        return bytes.length - at;
    }
  }

  #takeBlock(bytes: Buffer, at: number): number {
    this.#blockOffset = this.#offset - this.#blockLength;
    if (this.#blockLength === 0 && bytes.length - at >= BLOCK_SIZE) {
      this.#wholeBlock(bytes, at);
      return BLOCK_SIZE;
    }
    const taken = bytes.copy(this.#block, this.#blockLength, at);
    this.#blockLength += taken;
    if (this.#blockLength === BLOCK_SIZE) {
      this.#blockLength = 0;
      this.#wholeBlock(this.#block, 0);
    }
    return taken;
  }

  #wholeBlock(bytes: Buffer, at: number): void {
    if (this.#state === 'sparse map') this.#mapBlock(bytes, at);
    else if (this.#state === 'second zero block') this.#endBlock(bytes, at);
    else if (isZeroBlock(bytes, at)) this.#state = 'second zero block';
    else this.#headerBlock(bytes, at);
  }

  #endBlock(bytes: Buffer, at: number): void {
    if (!isZeroBlock(bytes, at)) {
      throw this.#located(new DigestError('layer', 'expected a second block of zeros'));
    }
    this.#state = 'end';
  }

  #headerBlock(bytes: Buffer, at: number): void {
    const block = this.#parse(() => parseHeaderBlock(bytes, at));
    if (isSpecial(block.typeFlag)) {
      const special = this.#parse(() => new SpecialFile(block));
      this.#special = special;
      this.#padding = paddingOf(special.size);
      this.#state = 'special';
      if (special.size === 0) this.#endSpecial(special);
      return;
    }
    this.#entry(block, bytes, at);
  }

  #entry(block: HeaderBlock, bytes: Buffer, at: number): void {
    const extended = this.#extended;
    this.#extended = new ExtendedHeaders();
    const header = this.#parse(() => mergeHeaders(block, extended));
    this.#padding = paddingOf(header.size);
    this.#stored = header.size;
    this.#sparse = this.#parse(() => sparseHeader(header, block, extended.records, bytes, at));
    if (this.#sparse === undefined) this.#beginDense(header);
    else if (this.#sparse.map === undefined) this.#beginSparse(this.#sparse);
    else this.#state = 'sparse map';
    this.#verifyMapFits();
  }

  #mapBlock(bytes: Buffer, at: number): void {
    const sparse = this.#sparse;
    const map = sparse?.map;
    if (sparse === undefined || map === undefined) return;
    if (map.isContent) this.#stored -= BLOCK_SIZE;
    if (this.#parse(() => map.block(bytes, at))) this.#beginSparse(sparse);
    this.#verifyMapFits();
  }

  /** A map that is content ends within it. */
  #verifyMapFits(): void {
    const isContent = this.#state === 'sparse map' && this.#sparse?.map?.isContent === true;
    if (isContent && this.#stored < BLOCK_SIZE) {
      throw this.#located(
        new DigestError('layer', "expected the sparse file's map within its content"),
      );
    }
  }

  #beginDense(header: TarHeader): void {
    this.#visitor.header(header);
    this.#content.beginDense(header.size);
    this.#afterContent();
  }

  #beginSparse({ header, file }: SparseHeader): void {
    const segments = this.#parse(() => file.segments(this.#stored));
    this.#sparse = undefined;
    this.#visitor.header(header);
    this.#content.beginSparse(segments);
    this.#afterContent();
  }

  #afterContent(): void {
    if (!this.#content.hasEnded) {
      this.#state = 'content';
      return;
    }
    this.#visitor.end();
    this.#state = this.#padding > 0 ? 'padding' : 'header';
  }

  #takeContent(bytes: Buffer, at: number): number {
    const taken = this.#content.write(bytes, at);
    this.#afterContent();
    return taken;
  }

  #takePadding(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#padding, bytes.length - at);
    this.#padding -= taken;
    if (this.#padding === 0) this.#state = 'header';
    return taken;
  }

  #takeSpecial(bytes: Buffer, at: number): number {
    const special = this.#special;
    if (special === undefined) return bytes.length - at;
    const taken = special.write(bytes, at);
    if (special.isComplete) this.#endSpecial(special);
    return taken;
  }

  #endSpecial(special: SpecialFile): void {
    this.#special = undefined;
    this.#state = this.#padding > 0 ? 'padding' : 'header';
    const records = this.#parse(() => special.applyTo(this.#extended));
    if (records === undefined) return;
    // A global header is an entry, and what stood before it was for it.
    this.#extended = new ExtendedHeaders();
    this.#visitor.header(this.#parse(() => globalHeader(special.block, records)));
    this.#visitor.end();
  }

  #parse<T>(parse: () => T): T {
    try {
      return parse();
    } catch (error) {
      throw error instanceof DigestError ? this.#located(error) : error;
    }
  }

  #located({ code, message }: DigestError): DigestError {
    return new DigestError(code, `byte ${this.#blockOffset} of the archive: ${message}`);
  }
}

function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}
