import {
  closeSync,
  ftruncateSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { DigestError } from '#digest/errors';
import { quoted } from '#digest/quoted';

/** What others need of a file system: this much of it stays free, or a tenth of it where that is less. */
const SPARED = 1024 ** 3;
const ZEROS = Buffer.alloc(256 * 1024);

/** A temporary file without a name, that takes no room for zeros and never the last of it. */
export class SpoolFile implements Disposable {
  readonly #directory: string;
  readonly #what: string;
  readonly #fd: number;
  #size = 0;

  /** @param what for messages: whose bytes these are */
  constructor(what: string) {
    // Archives may be larger than what /tmp has: podman, too, takes /var/tmp.
    this.#directory = process.env['TMPDIR'] || '/var/tmp';
    this.#what = what;
    this.#fd = openNameless(this.#directory);
  }

  get size(): number {
    return this.#size;
  }

  /** @throws {DigestError} `too-large` if the file system would have too little room left */
  write(chunk: Uint8Array): void {
    if (!isZeros(chunk)) {
      this.#checkRoom(chunk.length);
      this.#writeAll(chunk);
    }
    this.#size += chunk.length;
  }

  /** All that was written; until the file is disposed of. */
  finish(): BlobRegion {
    // The last bytes may be a hole.
    ftruncateSync(this.#fd, this.#size);
    return { fd: this.#fd, offset: 0, size: this.#size };
  }

  [Symbol.dispose](): void {
    closeSync(this.#fd);
  }

  #writeAll(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      at += writeSync(this.#fd, chunk, at, chunk.length - at, this.#size + at);
    }
  }

  #checkRoom(wanted: number): void {
    const { blocks, bavail, bsize } = statfsSync(this.#directory);
    // A tmpfs without a limit says that it has no blocks.
    if (blocks === 0) return;
    const spared = Math.min(SPARED, Math.floor((blocks * bsize) / 10));
    const free = bavail * bsize;
    if (free - wanted >= spared) return;
    throw new DigestError(
      'too-large',
      `expected room to unpack ${this.#what} in ${quoted(this.#directory)} with ${spared} bytes left free, found ${free} bytes free after ${this.#size} unpacked`,
    );
  }
}

function openNameless(parent: string): number {
  const directory = mkdtempSync(join(parent, 'oci-measure-'));
  try {
    return openSync(join(directory, 'archive'), 'wx+', 0o600);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

function isZeros(chunk: Uint8Array): boolean {
  return chunk.length <= ZEROS.length && ZEROS.subarray(0, chunk.length).equals(chunk);
}
