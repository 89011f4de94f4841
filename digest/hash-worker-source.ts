import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { HashWorkerData } from './hash-worker.ts';

/**
 * Starts a thread that hashes files. The build replaces this file: one executable has no other file to start it from.
 */
export function startHashWorker(workerData: HashWorkerData): Worker {
  return new Worker(new URL('./hash-worker.ts', import.meta.url), {
    workerData,
    env: SHARE_ENV,
    trackUnmanagedFds: false,
    // It writes to neither. To make what would pass them on takes 1 ms (measured).
    stdout: true,
    stderr: true,
  });
}
