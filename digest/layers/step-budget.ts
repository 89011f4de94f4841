import { DigestError } from '#digest/errors';

/** Names looked up: a million entries, each ten directories deep, take a fifth of it. */
const MAX_STEPS = 50_000_000;
/** Of a path, copied and searched: that takes as long as looking up one name. */
const BYTES_PER_STEP = 16;
/** Directories that no archive names but that others lie in. */
const MAX_IMPLIED_DIRECTORIES = 1_000_000;

/** Bounds the time and the memory that one engine's way of unpacking an image may take, whatever its layers say. */
export class StepBudget {
  #steps = MAX_STEPS;
  #directories = MAX_IMPLIED_DIRECTORIES;

  /** @throws {DigestError} `too-large` */
  spend(steps: number): void {
    this.#steps -= steps;
    if (this.#steps < 0) {
      throw new DigestError(
        'too-large',
        `expected layers that are unpacked by looking up at most ${MAX_STEPS} names, found more`,
      );
    }
  }

  /**
   * @param length of a path or a link's target that is worked on as a whole, however few of its names are looked up
   * @throws {DigestError} `too-large`
   */
  spendText(length: number): void {
    this.spend(Math.ceil(length / BYTES_PER_STEP));
  }

  /** @throws {DigestError} `too-large` */
  implyDirectory(): void {
    if (--this.#directories < 0) {
      throw new DigestError(
        'too-large',
        `expected at most ${MAX_IMPLIED_DIRECTORIES} directories without an entry of their own, found more`,
      );
    }
  }
}
