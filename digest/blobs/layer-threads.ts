import type { Worker } from 'node:worker_threads';
import { spareProcessors, startWorker } from '#digest/worker-thread';
import { startLayerWorker } from './layer-worker-source.ts';

/** Each takes some 10 MB. Images with more large layers are rare. */
const MAX_THREADS = 15;

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

function startThread(): Worker | undefined {
  return startWorker(startLayerWorker);
}

function maxThreads(): number {
  return Math.min(spareProcessors(), MAX_THREADS);
}
