import { SHARE_ENV, Worker } from 'node:worker_threads';

export interface HashWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly dropsRoot: boolean;
}

/**
 * Starts a thread that hashes files. Replaced by the build, which has no file to start it from: see there.
 */
export function startHashWorker(workerData: HashWorkerData): Worker {
  return new Worker(new URL('./hash-worker.ts', import.meta.url), { workerData, env: SHARE_ENV });
}
