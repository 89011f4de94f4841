import { DigestError } from '#digest/errors';
import { EntryContent } from './entry-content.ts';
import { BLOCK_SIZE } from './header-block.ts';
import { type BegunEntry, HeaderSequence, type Next } from './header-sequence.ts';
import type { SpecialFile } from './special-file.ts';
import type { TarVisitor } from './tar-visitor.ts';

export type { TarHeader } from './tar-header.ts';
export type { TarVisitor } from './tar-visitor.ts';

/** What the next byte belongs to. */
type Section = 'block' | 'special' | 'content' | 'padding' | 'end';

/**
 * Reads a layer's archive (docs/reading-layers.md) as it comes, in pieces of any length. Once it has thrown it is not to be used again.
 */
export class TarReader {
  readonly #visitor: TarVisitor;
  readonly #headers = new HeaderSequence();
  readonly #content: EntryContent;
  #section: Section = 'block';
  /** Of the next byte. */
  #offset = 0;
  /** A block that comes in more than one piece. */
  readonly #block: Buffer = Buffer.alloc(BLOCK_SIZE);
  #blockLength = 0;
  /** Of the last block. */
  #blockOffset = 0;
  #special: SpecialFile | undefined;
  #padding = 0;

  constructor(visitor: TarVisitor) {
    this.#visitor = visitor;
    this.#content = new EntryContent(visitor);
  }

  /** @throws {DigestError} `layer`, `too-large` */
  write(chunk: Uint8Array): void {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
    for (let at = 0; at < bytes.length && this.#section !== 'end'; ) {
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
    const isBetween = this.#section === 'block' && this.#blockLength === 0 && this.#headers.mayEnd;
    if (isBetween || this.#section === 'padding' || this.#section === 'end') return;
    throw new DigestError(
      'layer',
      `expected more of the archive behind byte ${this.#offset}, found its end`,
    );
  }

  /** @returns how many bytes were used, at least one */
  #take(bytes: Buffer, at: number): number {
    switch (this.#section) {
      case 'block':
        return this.#takeBlock(bytes, at);
      case 'special':
        return this.#takeSpecial(bytes, at);
      case 'content':
        return this.#takeContent(bytes, at);
      case 'padding':
        return this.#takePadding(bytes, at);
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
    const next = this.#located((): Next => this.#headers.block(bytes, at));
    if (next.kind === 'entry') this.#begin(next);
    else if (next.kind === 'special') this.#beginSpecial(next);
    else this.#section = next.kind;
  }

  #begin({ header, segments, stored }: BegunEntry): void {
    this.#padding = paddingOf(stored);
    this.#visitor.header(header);
    if (segments === undefined) this.#content.beginDense(stored);
    else this.#content.beginSparse(segments);
    this.#afterContent();
  }

  #takeContent(bytes: Buffer, at: number): number {
    const taken = this.#content.write(bytes, at);
    this.#afterContent();
    return taken;
  }

  #afterContent(): void {
    if (this.#content.hasEnded) {
      this.#visitor.end();
      this.#beginPadding();
    } else {
      this.#section = 'content';
    }
  }

  #beginSpecial(special: SpecialFile): void {
    this.#special = special;
    this.#padding = paddingOf(special.size);
    this.#section = 'special';
    if (special.isComplete) this.#endSpecial(special);
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
    this.#beginPadding();
    const global = this.#located(() => this.#headers.special(special));
    if (global === undefined) return;
    this.#visitor.header(global);
    this.#visitor.end();
  }

  #beginPadding(): void {
    this.#section = this.#padding > 0 ? 'padding' : 'block';
  }

  #takePadding(bytes: Buffer, at: number): number {
    const taken = Math.min(this.#padding, bytes.length - at);
    this.#padding -= taken;
    this.#beginPadding();
    return taken;
  }

  /** Says where the block is that something was found wrong with. */
  #located<T>(read: () => T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DigestError)) throw error;
      const where = `byte ${this.#blockOffset} of the archive`;
      throw new DigestError(error.code, `${where}: ${error.message}`);
    }
  }
}

function paddingOf(size: number): number {
  return (BLOCK_SIZE - (size % BLOCK_SIZE)) % BLOCK_SIZE;
}
