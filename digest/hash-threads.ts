import { ContentRing } from './content-ring.ts';
import { startHashWorker } from './hash-worker-source.ts';
import { isRoot } from './thread-credentials.ts';
import { spareProcessors, startWorker } from './worker-thread.ts';

/** The walk cannot feed more, and each takes about 10 MB. */
const MAX_THREADS = 7;

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

export function startThread(ring: ContentRing, dropsRoot: boolean): void {
  startWorker(() => startHashWorker({ memory: ring.memory, dropsRoot }));
}

export function maxThreads(): number {
  return Math.min(spareProcessors(), MAX_THREADS);
}
