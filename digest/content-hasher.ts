import { CAPACITY, type Claim, ContentRing, type DigestTaker, Status } from './content-ring.ts';
import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { describeDifference, type FileFacts } from './file-facts.ts';
import { hashRequested, openRequested } from './hash-file.ts';
import { maxThreads, startThread, takeEarlyRing } from './hash-threads.ts';
import type { HeldDirectory } from './held-directory.ts';
import { close, ELOOP, ENOENT, ENXIO } from './linux-syscalls.ts';
import { quotePath } from './listing-path.ts';
import { openWithoutRoot } from './open-without-root.ts';
import { changed, unreadable } from './system-error.ts';
import { isRoot } from './thread-credentials.ts';

/** Requests that have to wait before one more thread is worth its start (15 ms, measured). */
const WAITING_FOR_ONE_MORE_THREAD = 64;
const PATIENCE_MS = 50;
const MAX_STOP_MS = 2_000;

export interface HasherOptions {
  readonly readAsRoot: boolean;
  readonly interrupt: () => void;
}

interface OpenRequest {
  readonly ticket: number;
  readonly file: number;
}

/**
 * A queue: files go in as the walk meets them, their digests come out in that order. Hashes files in other threads while
 * the calling thread walks on, and in the calling thread when that has nothing else to do. Nothing here uses the event
 * loop.
 */
export class ContentHasher implements Disposable {
  readonly #ring: ContentRing;
  readonly #interrupt: () => void;
  readonly #dropsRoot: boolean;
  /** Of the files in the queue, by ticket. */
  readonly #directories: HeldDirectory[] = [];
  #threads: number;
  #first = 0;
  #next = 0;

  constructor({ readAsRoot, interrupt }: HasherOptions) {
    this.#interrupt = interrupt;
    this.#dropsRoot = isRoot() && !readAsRoot;
    const ring = this.#dropsRoot === isRoot() ? takeEarlyRing() : undefined;
    this.#ring = ring ?? new ContentRing();
    this.#threads = ring === undefined ? 0 : 1;
  }

  get isFull(): boolean {
    return this.#next - this.#first === CAPACITY;
  }

  get isEmpty(): boolean {
    return this.#next === this.#first;
  }

  /** @param facts as the walk saw the file: what is hashed must be the same. Not to be called when full. */
  submit(directory: HeldDirectory, name: ByteString, facts: FileFacts): void {
    const ticket = this.#ring.publish(directory.fd, name, facts);
    directory.hold();
    this.#directories[ticket % CAPACITY] = directory;
    this.#next = ticket + 1;
    if (this.#threads < maxThreads()) this.#startThreadIfWorthIt();
  }

  #startThreadIfWorthIt(): void {
    if (this.#ring.waiting < WAITING_FOR_ONE_MORE_THREAD) return;
    // One that has not started yet explains why requests wait.
    if (this.#ring.startedThreads < this.#threads) return;
    this.#threads++;
    startThread(this.#ring, this.#dropsRoot);
  }

  get isFirstHashed(): boolean {
    return !this.isEmpty && this.#ring.status(this.#first) !== Status.pending;
  }

  /**
   * The SHA-256 of the file that has been in the queue longest, in hexadecimal.
   *
   * @param path for messages
   * @throws {DigestError} `unreadable`, `changed`; whatever `interrupt` throws
   */
  giveFirst(to: DigestTaker, path: () => ByteString): void {
    const ticket = this.#first;
    if (!this.isFirstHashed) {
      this.#help(() => this.isFirstHashed && this.#ring.waiting < CAPACITY / 2);
    }
    while (!this.isFirstHashed) {
      this.#interrupt();
      this.#ring.wait(ticket, PATIENCE_MS);
    }
    this.#first++;
    this.#directories[ticket % CAPACITY]?.release();
    if (this.#ring.status(ticket) !== Status.hashed) throw this.#failure(ticket, path());
    this.#ring.giveDigest(ticket, to);
  }

  /** Hashes everything that no other thread has taken up. */
  hashRest(): void {
    this.#help(() => false);
  }

  #help(isEnough: () => boolean): void {
    this.#ring.wake();
    while (!isEnough()) {
      this.#interrupt();
      const claim = this.#ring.tryClaim();
      if (claim === undefined) return;
      try {
        this.#hash(this.#open(claim));
      } finally {
        this.#ring.finish();
      }
    }
  }

  /** Without root nothing is done but opening: the rest of this thread's work needs it, and the caller's code does. */
  #open({ first, end }: Claim): OpenRequest[] {
    const requests: OpenRequest[] = [];
    const openAll = (): void => {
      for (let ticket = first; ticket < end; ticket++) {
        const file = openRequested(this.#ring, ticket);
        if (file !== undefined) requests.push({ ticket, file });
      }
    };
    if (this.#dropsRoot) openWithoutRoot(openAll);
    else openAll();
    return requests;
  }

  #hash(requests: OpenRequest[]): void {
    try {
      for (let next = requests.pop(); next !== undefined; next = requests.pop()) {
        // The request is answered whatever happens.
        hashRequested(this.#ring, next.ticket, next.file, this.#interrupt);
      }
    } finally {
      for (const { ticket, file } of requests) {
        close(file);
        this.#ring.answer(ticket, Status.broken);
      }
    }
  }

  #failure(ticket: number, path: ByteString): DigestError {
    const errno = this.#ring.errno(ticket);
    switch (this.#ring.status(ticket)) {
      case Status.notOpened:
        if (errno === ENOENT) return changed(path, 'a file', 'nothing');
        if (errno === ENXIO) return changed(path, 'a file', 'a socket');
        if (errno === ELOOP) return changed(path, 'a file', 'a symbolic link');
        return unreadable('open', path, -errno);
      case Status.notRead:
        return unreadable('read', path, -errno);
      case Status.changed: {
        const { expected, found } = this.#ring.states(ticket);
        const difference = describeDifference(expected, found);
        return changed(path, difference.expected, difference.found);
      }
      case Status.short:
        return changed(path, 'as many bytes as its size', 'fewer');
      default:
        return new DigestError('unreadable', `the thread that hashed ${quotePath(path)} failed`);
    }
  }

  /** Ends the threads, after waiting for what they are at: they use directories that the caller closes next. */
  [Symbol.dispose](): void {
    this.#ring.close();
    this.#ring.waitUntilIdle(MAX_STOP_MS);
  }
}
