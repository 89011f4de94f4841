import { SHARE_ENV, Worker } from 'node:worker_threads';

/**
 * Starts a thread that reads layers. The build replaces this file: one executable has no other file to start it from.
 */
export function startLayerWorker(): Worker {
  return new Worker(new URL('./layer-worker.ts', import.meta.url), {
    env: SHARE_ENV,
    trackUnmanagedFds: false,
    // It writes to neither. To make what would pass them on takes 1 ms (measured).
    stdout: true,
    stderr: true,
  });
}
