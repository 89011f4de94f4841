import { availableParallelism } from 'node:os';
import type { Worker } from 'node:worker_threads';
import { systemErrorCode } from './system-error-code.ts';

let processors: number | undefined;

/** How many threads may work besides the calling one. Asked once: that reads files of the cgroup. */
export function spareProcessors(): number {
  return (processors ??= availableParallelism()) - 1;
}

/**
 * Starts a thread that is not missed if it never comes, or fails: the calling one does what nobody else does.
 *
 * @returns undefined where this process may have no more threads
 */
export function startWorker(start: () => Worker): Worker | undefined {
  let worker: Worker;
  try {
    worker = start();
  } catch (error) {
    // A limit of processes counts threads, too.
    if (systemErrorCode(error) === 'ERR_WORKER_INIT_FAILED') return undefined;
    throw error;
  }
  // Without a listener Node would end the process.
  worker.on('error', () => {});
  worker.unref();
  return worker;
}
