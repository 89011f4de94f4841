import {
  type FileFacts,
  type FileState,
  isState,
  STATE_LENGTH,
  savedSize,
  saveState,
} from './file-facts.ts';

/**
 * Requests to hash files, handed from the walking thread to hashing threads through shared memory. Fixed slots, used
 * round and round: what is under way is bounded, nothing is serialised. Node's messages would need the walking
 * thread's event loop, and that never turns: digests are taken synchronously.
 *
 * Requests are answered in any order and taken back in order.
 */
export const CAPACITY = 4096;

const SLOT_SIZE = 512;
const CONTROL_SIZE = 512;
const RING_SIZE = CONTROL_SIZE + CAPACITY * SLOT_SIZE;

// Words of the control block, each on a cache line of its own: what one thread writes must not slow another's reads down.
const LINE = 16;
const PUBLISHED = 0; // requests ever made
const CLAIMED = LINE; // requests ever taken up
const CLOSING = 2 * LINE;
const SIGNAL = 3 * LINE; // changes whenever sleeping threads should look again
const BUSY = 4 * LINE; // threads between taking a request up and answering it
const STARTED = 5 * LINE; // threads
// Asked before waking anybody: all wake-ups of a process share one lock, which made the walk twice as slow (measured).
const SLEEPING = 6 * LINE; // hashing threads
const WAITING = 7 * LINE; // 1: the walking thread sleeps, or is about to

// Words and bytes of a slot.
const STATUS = 0;
const DIRECTORY = 1;
const NAME_LENGTH = 2;
const ERRNO = 3;
const EXPECTED = 16; // a state of file-facts.ts
const FOUND = 32; // another, where the file changed
const DIGEST_OFFSET = 128; // in hexadecimal: so it needs no object on the way into the listing
const NAME_OFFSET = 192;
const DIGEST_LENGTH = 64;

/** Requests that wait before a sleeping thread is woken: waking costs more than hashing a small file. */
const WORTH_WAKING = 32;

export const Status = {
  pending: 0,
  hashed: 1,
  /** errno says why */
  notOpened: 2,
  /** errno says why */
  notRead: 3,
  /** The found state differs from the expected one. */
  changed: 4,
  /** It ended before its size. */
  short: 5,
  /** The thread failed. */
  broken: 6,
} as const;

/** The walking thread makes it; hashing threads make theirs from its memory. */
export class ContentRing {
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #bytes: Buffer;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(RING_SIZE)) {
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

  // For the walking thread.

  /**
   * At most {@link CAPACITY} requests may be out.
   *
   * @param facts the state that the file must have
   * @returns a ticket
   */
  publish(directory: number, name: string, facts: FileFacts): number {
    const ticket = Atomics.load(this.#words, PUBLISHED);
    const word = this.#word(ticket);
    const nameStart = this.#byte(ticket) + NAME_OFFSET;
    this.#words[word + DIRECTORY] = directory;
    this.#words[word + NAME_LENGTH] = this.#bytes.write(name, nameStart, 'latin1');
    saveState(facts, this.#words, word + EXPECTED);
    Atomics.store(this.#words, word + STATUS, Status.pending);
    Atomics.store(this.#words, PUBLISHED, ticket + 1);
    // A thread that falls asleep meanwhile is woken by a later request, or not needed.
    if (Atomics.load(this.#words, SLEEPING) > 0 && this.waiting >= WORTH_WAKING) this.wake(1);
    return ticket;
  }

  /** Requests that nobody has taken up. */
  get waiting(): number {
    return Atomics.load(this.#words, PUBLISHED) - Atomics.load(this.#words, CLAIMED);
  }

  wake(threads: number = Number.POSITIVE_INFINITY): void {
    Atomics.add(this.#words, SIGNAL, 1);
    Atomics.notify(this.#words, SIGNAL, threads);
  }

  status(ticket: number): number {
    return Atomics.load(this.#words, this.#word(ticket) + STATUS);
  }

  /** Sleeps until the request is answered, or for the time. */
  wait(ticket: number, milliseconds: number): void {
    Atomics.store(this.#words, WAITING, 1);
    Atomics.wait(this.#words, this.#word(ticket) + STATUS, Status.pending, milliseconds);
    Atomics.store(this.#words, WAITING, 0);
  }

  errno(ticket: number): number {
    return this.#words[this.#word(ticket) + ERRNO] ?? 0;
  }

  /** Of a file that changed. */
  states(ticket: number): { expected: FileState; found: FileState } {
    const word = this.#word(ticket);
    const state = (at: number): FileState => this.#words.slice(word + at, word + at + STATE_LENGTH);
    return { expected: state(EXPECTED), found: state(FOUND) };
  }

  /** 64 hexadecimal digits. */
  digest(ticket: number): string {
    const start = this.#byte(ticket) + DIGEST_OFFSET;
    return this.#bytes.toString('latin1', start, start + DIGEST_LENGTH);
  }

  /** Ends the hashing threads, each after the request it is at. */
  close(): void {
    Atomics.store(this.#words, CLOSING, 1);
    this.wake();
  }

  /** After closing: sleeps until no thread is at a request, or for the time. */
  waitUntilIdle(milliseconds: number): void {
    const end = performance.now() + milliseconds;
    for (let left = milliseconds; left > 0; left = end - performance.now()) {
      const busy = Atomics.load(this.#words, BUSY);
      if (busy === 0) return;
      Atomics.wait(this.#words, BUSY, busy, left);
    }
  }

  get startedThreads(): number {
    return Atomics.load(this.#words, STARTED);
  }

  // For hashing threads.

  reportStart(): void {
    Atomics.add(this.#words, STARTED, 1);
  }

  get isClosing(): boolean {
    return Atomics.load(this.#words, CLOSING) === 1;
  }

  /** A request, which must be answered. Sleeps until there is one; undefined when closing. */
  claim(): number | undefined {
    for (;;) {
      const signal = Atomics.load(this.#words, SIGNAL);
      const ticket = this.tryClaim();
      if (ticket !== undefined || this.isClosing) return ticket;
      Atomics.add(this.#words, SLEEPING, 1);
      Atomics.wait(this.#words, SIGNAL, signal);
      Atomics.sub(this.#words, SLEEPING, 1);
    }
  }

  /** A request, which must be answered; undefined if none waits or when closing. */
  tryClaim(): number | undefined {
    Atomics.add(this.#words, BUSY, 1);
    while (!this.isClosing) {
      const ticket = Atomics.load(this.#words, CLAIMED);
      if (ticket === Atomics.load(this.#words, PUBLISHED)) break;
      const found = Atomics.compareExchange(this.#words, CLAIMED, ticket, ticket + 1);
      if (found === ticket) return ticket;
    }
    this.#rest();
    return undefined;
  }

  #rest(): void {
    Atomics.sub(this.#words, BUSY, 1);
    if (this.isClosing) Atomics.notify(this.#words, BUSY);
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

  expectedSize(ticket: number): number {
    return savedSize(this.#words, this.#word(ticket) + EXPECTED);
  }

  isExpected(ticket: number, facts: FileFacts): boolean {
    return isState(facts, this.#words, this.#word(ticket) + EXPECTED);
  }

  answerWithChange(ticket: number, facts: FileFacts): void {
    saveState(facts, this.#words, this.#word(ticket) + FOUND);
    this.answer(ticket, Status.changed);
  }

  answerWithDigest(ticket: number, digest: string): void {
    this.#bytes.write(digest, this.#byte(ticket) + DIGEST_OFFSET, DIGEST_LENGTH, 'latin1');
    this.answer(ticket, Status.hashed);
  }

  answer(ticket: number, status: number, errno = 0): void {
    const word = this.#word(ticket);
    this.#words[word + ERRNO] = errno;
    Atomics.store(this.#words, word + STATUS, status);
    if (Atomics.load(this.#words, WAITING) === 1) Atomics.notify(this.#words, word + STATUS);
    this.#rest();
  }
}
