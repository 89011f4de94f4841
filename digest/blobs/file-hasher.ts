import { Memory } from '#digest/linux-syscalls';
import { SHA256_OF_NOTHING, Sha256, sha256 } from '#digest/sha256';

const SPACE_SIZE = 256 * 1024;

const space = new Memory(SPACE_SIZE);
const zeros = new Memory(SPACE_SIZE);
zeros.bytes.fill(0);

const digestOfNothing = Uint8Array.fromHex(SHA256_OF_NOTHING);

/** Hashes the content of one file after another. */
export class FileHasher implements Disposable {
  #size = 0;
  #digest: Uint8Array | undefined;
  #parts: Sha256 | undefined;

  /** @param size of the content, all its parts together */
  start(size: number): void {
    this.#size = size;
    this.#digest = size === 0 ? digestOfNothing : undefined;
    this[Symbol.dispose]();
  }

  /** @param memory that the part is expected to lie in */
  update(part: Uint8Array, memory: Memory | undefined): void {
    if (part.buffer !== memory?.bytes.buffer) return this.#updateFromElsewhere(part);
    const start = memory.address + BigInt(part.byteOffset - memory.bytes.byteOffset);
    if (part.length === this.#size) this.#digest = sha256(start, part.length);
    else this.#all.update(start, part.length);
  }

  /** @param checkpoint called now and then; may throw */
  updateZeros(length: number, checkpoint: () => void): void {
    for (let left = length; left > 0; left -= SPACE_SIZE) {
      checkpoint();
      this.#all.update(zeros.address, Math.min(left, SPACE_SIZE));
    }
  }

  /** @returns 32 bytes, valid until anything else is hashed */
  digest(): Uint8Array {
    return this.#digest ?? this.#all.digest();
  }

  [Symbol.dispose](): void {
    this.#parts?.[Symbol.dispose]();
    this.#parts = undefined;
  }

  get #all(): Sha256 {
    return (this.#parts ??= new Sha256());
  }

  #updateFromElsewhere(part: Uint8Array): void {
    for (let at = 0; at < part.length; at += SPACE_SIZE) {
      const piece = part.subarray(at, at + SPACE_SIZE);
      space.bytes.set(piece);
      this.#all.update(space.address, piece.length);
    }
  }
}
