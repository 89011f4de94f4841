import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { CAPACITY, ContentRing, Status } from './content-ring.ts';
import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { describeDifference, type FileFacts, saveState } from './file-facts.ts';
import { startHashWorker } from './hash-worker-source.ts';
import type { HeldDirectory } from './held-directory.ts';
import { ELOOP, ENOENT } from './linux-syscalls.ts';
import { quotePath } from './listing-path.ts';
import { changed, describeErrno, unreadable } from './system-error.ts';

/** More threads than this only cost memory, about 10 MB each: the walk cannot feed them. */
const MAX_THREADS = 8;
/** Requests that have to wait before one more thread is worth its start (10 ms, measured). */
const WAITING_FOR_ONE_MORE_THREAD = 64;
const PATIENCE_MS = 50;
const MAX_START_MS = 30_000;
const MAX_STOP_MS = 2_000;

export interface HasherOptions {
  readonly readAsRoot: boolean;
  readonly interrupt: () => void;
}

/** A file whose content is being hashed by another thread. */
export interface PendingContent {
  readonly path: ByteString;
  readonly directory: HeldDirectory;
  readonly ticket: number;
}

/**
 * Hashes files in threads that are not root, while the calling thread walks on. Nothing here uses the event loop.
 */
export class ContentHasher implements Disposable {
  readonly #ring = new ContentRing();
  readonly #workers: Worker[] = [];
  readonly #options: HasherOptions;
  #underWay = 0;
  #startedAt = 0;

  constructor(options: HasherOptions) {
    this.#options = options;
  }

  get isFull(): boolean {
    return this.#underWay === CAPACITY;
  }

  /** @param facts as the walk saw the file: what is hashed must be the same. Not to be called when full. */
  submit(
    directory: HeldDirectory,
    name: ByteString,
    facts: FileFacts,
    path: ByteString,
  ): PendingContent {
    const ticket = this.#ring.publish(directory.fd, name, (into) => saveState(facts, into));
    directory.hold();
    this.#underWay++;
    if (this.#workers.length === 0 || this.#ring.waiting >= WAITING_FOR_ONE_MORE_THREAD) {
      this.#startOneMore();
    }
    return { path, directory, ticket };
  }

  #startOneMore(): void {
    const count = this.#workers.length;
    if (count >= Math.min(availableParallelism(), MAX_THREADS)) return;
    // One at a time: a thread that has not started yet explains why requests wait.
    if (this.#ring.startedThreads < count) return;
    this.#startedAt ||= performance.now();
    const dropsRoot = process.geteuid?.() === 0 && !this.#options.readAsRoot;
    const worker = startHashWorker({ memory: this.#ring.memory, dropsRoot });
    // Without a listener Node would end the process, after the digest has already failed by the ring.
    worker.on('error', () => {});
    worker.unref();
    this.#workers.push(worker);
  }

  isHashed({ ticket }: PendingContent): boolean {
    return this.#ring.status(ticket) !== Status.pending;
  }

  /**
   * Waits for the content's SHA-256, in hexadecimal. Contents must be taken in the order they were submitted.
   *
   * @throws {DigestError} `unreadable`, `changed`; whatever `interrupt` throws
   */
  take(content: PendingContent): string {
    while (!this.isHashed(content)) {
      this.#ring.wait(content.ticket, PATIENCE_MS);
      this.#options.interrupt();
      this.#checkThreads();
    }
    this.#underWay--;
    content.directory.release();
    if (this.#ring.status(content.ticket) === Status.hashed)
      return this.#ring.digest(content.ticket);
    throw this.#failure(content);
  }

  #checkThreads(): void {
    const errno = this.#ring.startErrno;
    if (errno !== 0) {
      throw new DigestError(
        'unreadable',
        `could not give up root before reading files: ${describeErrno(errno)}`,
      );
    }
    if (this.#ring.startedThreads === 0 && performance.now() - this.#startedAt > MAX_START_MS) {
      throw new DigestError(
        'unreadable',
        `no thread that reads files started within ${MAX_START_MS / 1000} seconds`,
      );
    }
  }

  #failure({ path, ticket }: PendingContent): DigestError {
    const errno = this.#ring.errno(ticket);
    switch (this.#ring.status(ticket)) {
      case Status.notOpened:
        if (errno === ENOENT) return changed(path, 'a file', 'nothing');
        if (errno === ELOOP) return changed(path, 'a file', 'a symbolic link');
        return unreadable('open', path, -errno);
      case Status.notRead:
        return unreadable('read', path, -errno);
      case Status.changed: {
        const { expected, found } = describeDifference(
          this.#ring.expected(ticket),
          this.#ring.found(ticket),
        );
        return changed(path, expected, found);
      }
      case Status.short:
        return changed(path, 'as many bytes as its size', 'fewer');
      default:
        return new DigestError('unreadable', `could not hash ${quotePath(path)}`);
    }
  }

  /** Ends the threads; first waits until none uses a directory that the caller is about to close. */
  [Symbol.dispose](): void {
    this.#ring.close();
    this.#ring.waitUntilIdle(MAX_STOP_MS);
  }
}
