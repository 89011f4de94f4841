import type { DigestText } from '#digest/digest';
import { TypeFlag } from '#digest/layers/layer';
import type { Memory } from '#digest/linux-syscalls';
import { Sha256 } from '#digest/sha256';
import { type TarHeader, TarReader, type TarVisitor } from '#digest/tar/tar-reader';
import { FileHasher } from './file-hasher.ts';
import { EntryPacker, metadataLength, type PackedEntries } from './packed-entries.ts';
import type { SharedWork } from './shared-work.ts';

/** An attribute takes memory even if name and value are next to nothing. */
const XATTR_COST = 64;

/** Takes the uncompressed bytes of one archive: hashes them, reads them, hashes the files among them. */
export class LayerArchive implements Disposable {
  readonly #work: SharedWork;
  readonly #hash: Sha256 | undefined;
  readonly #reader: TarReader;
  readonly #recorder: Recorder;

  /** @param isHashed whether `digest()` will be asked */
  constructor(work: SharedWork, isHashed: boolean) {
    this.#work = work;
    this.#hash = isHashed ? new Sha256() : undefined;
    this.#recorder = new Recorder(work);
    this.#reader = new TarReader(this.#recorder);
  }

  /** @throws {DigestError} `layer`, `too-large` */
  readonly write = (memory: Memory, length: number): void => {
    this.#work.countBytes(length);
    this.#hash?.update(memory.address, length);
    this.#recorder.memory = memory;
    this.#reader.write(memory.bytes.subarray(0, length));
  };

  /** @throws {DigestError} `layer` if the archive is cut short */
  close(): void {
    this.#reader.close();
  }

  /** To be called once. */
  digest(): DigestText {
    if (this.#hash === undefined) throw new Error('the archive was not hashed');
    return `sha256:${this.#hash.digest().toHex()}`;
  }

  entries(): PackedEntries {
    return this.#recorder.entries.pack();
  }

  [Symbol.dispose](): void {
    this.#hash?.[Symbol.dispose]();
    this.#recorder[Symbol.dispose]();
  }
}

class Recorder implements TarVisitor, Disposable {
  readonly entries = new EntryPacker();
  /** That content lies in. */
  memory: Memory | undefined;
  readonly #work: SharedWork;
  readonly #files = new FileHasher();
  #header: TarHeader | undefined;

  constructor(work: SharedWork) {
    this.#work = work;
  }

  header(header: TarHeader): void {
    this.#work.countEntry(metadataLength(header) + XATTR_COST * header.xattrs.length);
    this.#work.expectBytes(header.size);
    this.#header = header;
    this.#files.start(header.size);
  }

  data(part: Uint8Array): void {
    if (this.#isFile) this.#files.update(part, this.memory);
  }

  hole(length: number): void {
    this.#work.countBytes(length);
    if (this.#isFile) this.#files.updateZeros(length, () => this.#work.checkpoint());
  }

  end(): void {
    if (this.#header === undefined) throw new Error('no entry has begun');
    this.entries.add(this.#header, this.#isFile ? this.#files.digest() : undefined);
    this.#header = undefined;
  }

  [Symbol.dispose](): void {
    this.#files[Symbol.dispose]();
  }

  get #isFile(): boolean {
    return this.#header?.typeFlag === TypeFlag.file;
  }
}
