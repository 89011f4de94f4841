import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { startLayerWorker } from './layer-worker-source.ts';

/** Each takes some 10 MB. Images with more large layers are rare. */
const MAX_THREADS = 16;

let earlyThread: Worker | undefined;

/**
 * Starts a thread for the first image that will be read. That takes 20 ms (measured), in which the caller has its arguments and the
 * image's manifest to read.
 */
export function startReadingEarly(): void {
  if (maxThreads() > 0) earlyThread ??= startThread();
}

/** @returns up to `count` threads that wait for an assignment; less where there are less processors, or no thread can be had */
export function takeThreads(count: number): Worker[] {
  const threads: Worker[] = [];
  for (let left = Math.min(count, maxThreads()); left > 0; left--) {
    const thread = earlyThread ?? startThread();
    earlyThread = undefined;
    if (thread === undefined) break;
    threads.push(thread);
  }
  return threads;
}

/** @returns undefined where this process may have no more threads: it reads alone then */
function startThread(): Worker | undefined {
  let thread: Worker;
  try {
    thread = startLayerWorker();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_INIT_FAILED')
      return;
    throw error;
  }
  // Without a listener Node would end the process.
  thread.on('error', () => {});
  thread.unref();
  return thread;
}

/** One less than there are processors: the calling thread reads, too. */
function maxThreads(): number {
  return Math.min(availableParallelism(), MAX_THREADS) - 1;
}
