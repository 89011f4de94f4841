/**
 * Requests to hash files, handed from the walking thread to hashing threads through shared memory. Fixed slots, used
 * round and round: what is under way is bounded, and nothing is copied or serialised. Node's messages would need the
 * walking thread's event loop, and that one never turns: digests are taken synchronously.
 */
export const CAPACITY = 4096;

/** Bytes of a name: NAME_MAX of Linux. */
export const MAX_NAME_LENGTH = 255;

const SLOT_SIZE = 512;
const CONTROL_SIZE = 64;
export const RING_BYTES: number = CONTROL_SIZE + CAPACITY * SLOT_SIZE;

// Words of the control block.
const PUBLISHED = 0; // requests ever written by the walking thread
const CLAIMED = 1; // requests ever taken by a hashing thread
const CLOSING = 2;
const SIGNAL = 3; // changes with every request and on closing: what idle threads sleep on
const BUSY = 4; // threads between taking a request and answering it
const STARTED = 5;
const START_ERRNO = 6;

// Words and bytes of a slot.
const STATUS = 0;
const DIRECTORY = 1;
const NAME_LENGTH = 2;
const ERRNO = 3;
const DIGEST_OFFSET = 16;
const EXPECTED_OFFSET = 64;
const FOUND_OFFSET = 128;
const NAME_OFFSET = 192;
const DIGEST_SIZE = 32;
const STATE_SPACE = 64;

/**
 * `pending` until a thread has answered. `hashed`: the digest is there. `not-opened`, `not-read`: errno says why.
 * `changed`: the found state differs from the expected one. `short`: it ended before its size.
 */
export const Status = {
  pending: 0,
  hashed: 1,
  notOpened: 2,
  notRead: 3,
  changed: 4,
  short: 5,
  broken: 6,
} as const;
export type Status = (typeof Status)[keyof typeof Status];

/** One slot, from either side. Reused: `at` says which. */
export class ContentRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(RING_BYTES)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#bytes = Buffer.from(memory);
  }

  #byte(ticket: number): number {
    return CONTROL_SIZE + (ticket % CAPACITY) * SLOT_SIZE;
  }

  #word(ticket: number): number {
    return this.#byte(ticket) / 4;
  }

  // The walking thread's side.

  /** @returns the ticket; at most {@link CAPACITY} may be out. `expected` is a state saved by `saveState`. */
  publish(directory: number, name: string, saveExpected: (into: Uint8Array) => void): number {
    const ticket = Atomics.load(this.#words, PUBLISHED);
    const word = this.#word(ticket);
    const byte = this.#byte(ticket);
    this.#words[word + DIRECTORY] = directory;
    this.#words[word + NAME_LENGTH] = this.#bytes.write(name, byte + NAME_OFFSET, 'latin1');
    saveExpected(this.expected(ticket));
    Atomics.store(this.#words, word + STATUS, Status.pending);
    Atomics.store(this.#words, PUBLISHED, ticket + 1);
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL, 1);
    return ticket;
  }

  status(ticket: number): Status {
    return Atomics.load(this.#words, this.#word(ticket) + STATUS) as Status;
  }

  /** Sleeps until the request is answered, or for the time. */
  wait(ticket: number, milliseconds: number): void {
    Atomics.wait(this.#words, this.#word(ticket) + STATUS, Status.pending, milliseconds);
  }

  digest(ticket: number): string {
    const start = this.#byte(ticket) + DIGEST_OFFSET;
    return this.#bytes.toString('hex', start, start + DIGEST_SIZE);
  }

  errno(ticket: number): number {
    return this.#words[this.#word(ticket) + ERRNO] ?? 0;
  }

  get waiting(): number {
    return Atomics.load(this.#words, PUBLISHED) - Atomics.load(this.#words, CLAIMED);
  }

  close(): void {
    Atomics.store(this.#words, CLOSING, 1);
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL);
  }

  /** Sleeps until no thread is at work, or for the time. */
  waitUntilIdle(milliseconds: number): boolean {
    const end = performance.now() + milliseconds;
    for (;;) {
      const busy = Atomics.load(this.#words, BUSY);
      const left = end - performance.now();
      if (busy === 0 || left <= 0) return busy === 0;
      Atomics.wait(this.#words, BUSY, busy, left);
    }
  }

  get startedThreads(): number {
    return Atomics.load(this.#words, STARTED);
  }

  /** Why a thread refused to start; 0 if none did. */
  get startErrno(): number {
    return Atomics.load(this.#words, START_ERRNO);
  }

  // The hashing threads' side.

  reportStart(errno: number): void {
    if (errno !== 0) Atomics.store(this.#words, START_ERRNO, errno);
    else Atomics.add(this.#words, STARTED, 1);
  }

  get isClosing(): boolean {
    return Atomics.load(this.#words, CLOSING) === 1;
  }

  /** Sleeps until there is a request; undefined when closing. */
  claim(): number | undefined {
    for (;;) {
      const signal = Atomics.load(this.#words, SIGNAL);
      Atomics.add(this.#words, BUSY, 1);
      const ticket = this.isClosing ? undefined : this.#tryClaim();
      if (ticket !== undefined) return ticket;
      this.#rest();
      if (this.isClosing) return undefined;
      Atomics.wait(this.#words, SIGNAL, signal);
    }
  }

  #tryClaim(): number | undefined {
    for (;;) {
      const ticket = Atomics.load(this.#words, CLAIMED);
      if (ticket === Atomics.load(this.#words, PUBLISHED)) return undefined;
      if (Atomics.compareExchange(this.#words, CLAIMED, ticket, ticket + 1) === ticket)
        return ticket;
    }
  }

  #rest(): void {
    Atomics.sub(this.#words, BUSY, 1);
    Atomics.notify(this.#words, BUSY);
  }

  answer(ticket: number, status: Status, errno = 0): void {
    const word = this.#word(ticket);
    this.#words[word + ERRNO] = errno;
    Atomics.store(this.#words, word + STATUS, status);
    Atomics.notify(this.#words, word + STATUS);
    this.#rest();
  }

  setDigest(ticket: number, digest: Uint8Array): void {
    this.#bytes.set(digest, this.#byte(ticket) + DIGEST_OFFSET);
  }

  directory(ticket: number): number {
    return this.#words[this.#word(ticket) + DIRECTORY] ?? -1;
  }

  /** Copies the name with a NUL behind it: system calls take no shared memory. */
  copyName(ticket: number, into: Buffer): void {
    const start = this.#byte(ticket) + NAME_OFFSET;
    const length = this.#words[this.#word(ticket) + NAME_LENGTH] ?? 0;
    this.#bytes.copy(into, 0, start, start + length);
    into[length] = 0;
  }

  // Both sides.

  expected(ticket: number): Uint8Array {
    const start = this.#byte(ticket) + EXPECTED_OFFSET;
    return this.#bytes.subarray(start, start + STATE_SPACE);
  }

  found(ticket: number): Uint8Array {
    const start = this.#byte(ticket) + FOUND_OFFSET;
    return this.#bytes.subarray(start, start + STATE_SPACE);
  }
}
