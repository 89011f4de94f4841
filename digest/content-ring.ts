import {
  type FileFacts,
  type FileState,
  isState,
  STATE_LENGTH,
  savedSize,
  saveState,
} from './file-facts.ts';
import { writeBytes } from './linux-syscalls.ts';
import { monotonicMs } from './monotonic-clock.ts';

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
const BUSY = 4 * LINE; // threads between taking requests up and answering the last of them
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

/** The two digits of each byte, as they lie in memory. */
const HEX_PAIRS = new Uint16Array(256);
Buffer.from(HEX_PAIRS.buffer).write(Uint8Array.from(HEX_PAIRS.keys()).toHex(), 'latin1');

/** Requests that wait before a sleeping thread is woken: waking costs more than hashing a small file. */
const WORTH_WAKING = 32;
/** Requests that a thread takes up at once. One by one, threads fight for the memory they share (measured: 4 ms of 200). */
const MOST_AT_ONCE = 24;
// But so little of what waits, and so few bytes, that the last and the large files are shared out evenly.
const FAIR_SHARE = 4;
const BYTES_AT_ONCE = 256 * 1024;

/** Takes the digests of files, in order. */
export interface DigestTaker {
  /** @param memory that has 64 hexadecimal digits from `at` on, until it returns */
  fillFirst(memory: Buffer, at: number): void;
}

/** Tickets taken up by one thread: from `first` up to `end`, which is not among them. */
export interface Claim {
  readonly first: number;
  readonly end: number;
}

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
  /** The bytes, two by two. */
  readonly #pairs: Uint16Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(RING_SIZE)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#bytes = Buffer.from(memory);
    this.#pairs = new Uint16Array(memory);
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
    this.#words[word + NAME_LENGTH] = writeBytes(name, this.#bytes, nameStart);
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

  /** Hands over the memory that has 64 hexadecimal digits, and where they start. */
  giveDigest(ticket: number, to: DigestTaker): void {
    to.fillFirst(this.#bytes, this.#byte(ticket) + DIGEST_OFFSET);
  }

  /** Ends the hashing threads, each after the request it is at. */
  close(): void {
    Atomics.store(this.#words, CLOSING, 1);
    this.wake();
  }

  /** After closing: sleeps until no thread is at a request, or for the time. */
  waitUntilIdle(milliseconds: number): void {
    const end = monotonicMs() + milliseconds;
    for (let left = milliseconds; left > 0; left = end - monotonicMs()) {
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

  /** Requests, each to be answered, and then {@link finish} called. Sleeps until there are some; undefined when closing. */
  claim(): Claim | undefined {
    for (;;) {
      const signal = Atomics.load(this.#words, SIGNAL);
      const claim = this.tryClaim();
      if (claim !== undefined || this.isClosing) return claim;
      Atomics.add(this.#words, SLEEPING, 1);
      Atomics.wait(this.#words, SIGNAL, signal);
      Atomics.sub(this.#words, SLEEPING, 1);
    }
  }

  /** As {@link claim}, but undefined where no request waits, too. */
  tryClaim(): Claim | undefined {
    Atomics.add(this.#words, BUSY, 1);
    while (!this.isClosing) {
      const first = Atomics.load(this.#words, CLAIMED);
      const published = Atomics.load(this.#words, PUBLISHED);
      if (first === published) break;
      const end = this.#share(first, published);
      const found = Atomics.compareExchange(this.#words, CLAIMED, first, end);
      if (found === first) return { first, end };
    }
    this.finish();
    return undefined;
  }

  /** Where a share ends that begins with the first of the waiting requests. */
  #share(first: number, published: number): number {
    const last = first + Math.min(MOST_AT_ONCE, Math.ceil((published - first) / FAIR_SHARE));
    let end = first;
    for (let bytes = 0; end < last && bytes < BYTES_AT_ONCE; end++) bytes += this.expectedSize(end);
    return end;
  }

  /** Says that all that was claimed is answered. */
  finish(): void {
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
    for (let i = 0; i < length; i++) into[i] = this.#bytes[start + i] ?? 0;
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

  /** @param digest 32 bytes */
  answerWithDigest(ticket: number, digest: Uint8Array): void {
    const start = (this.#byte(ticket) + DIGEST_OFFSET) / 2;
    for (let i = 0; i < digest.length; i++) this.#pairs[start + i] = HEX_PAIRS[digest[i] ?? 0] ?? 0;
    this.answer(ticket, Status.hashed);
  }

  answer(ticket: number, status: number, errno = 0): void {
    const word = this.#word(ticket);
    this.#words[word + ERRNO] = errno;
    Atomics.store(this.#words, word + STATUS, status);
    if (Atomics.load(this.#words, WAITING) === 1) Atomics.notify(this.#words, word + STATUS);
  }
}
