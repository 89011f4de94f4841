import { availableParallelism } from 'node:os';
import { ContentRing } from './content-ring.ts';
import { startHashWorker } from './hash-worker-source.ts';

/** The walk cannot feed more, and each takes about 10 MB. */
const MAX_THREADS = 8;

let earlyRing: ContentRing | undefined;

/**
 * Starts a thread for the first digest that will be asked for. That takes 20 ms (measured), in which the caller has its arguments or its
 * input to read.
 */
export function startHashingEarly(): void {
  if (earlyRing !== undefined || maxThreads() === 0) return;
  earlyRing = new ContentRing();
  startThread(earlyRing, isRoot());
}

/** The ring of the thread that was started early, once. It has given up root if this process has it. */
export function takeEarlyRing(): ContentRing | undefined {
  const ring = earlyRing;
  earlyRing = undefined;
  return ring;
}

/** A thread that never comes is not missed: the calling thread hashes what nobody else does. */
export function startThread(ring: ContentRing, dropsRoot: boolean): void {
  try {
    const worker = startHashWorker({ memory: ring.memory, dropsRoot });
    // Without a listener Node would end the process.
    worker.on('error', () => {});
    worker.unref();
  } catch (error) {
    // A limit of processes counts threads, too.
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INIT_FAILED')) {
      throw error;
    }
  }
}

let most: number | undefined;

/** One less than there are processors: the calling thread hashes, too, once it has walked. Asked once: it reads files of the cgroup. */
export function maxThreads(): number {
  return (most ??= Math.min(availableParallelism(), MAX_THREADS) - 1);
}

export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}
