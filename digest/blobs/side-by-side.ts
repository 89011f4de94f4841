import type { Worker } from 'node:worker_threads';
import { type Assignment, doJobs, type Outcome } from './layer-job.ts';
import { takeThreads } from './layer-threads.ts';
import { SharedWork } from './shared-work.ts';

/** Bytes of blobs that another thread should help with: to start it costs as much as to read these. */
const WORTH_A_THREAD = 4 * 1024 ** 2;
const PROGRESS_MS = 100;

/**
 * Does all jobs, on the calling thread and others.
 *
 * @returns what became of them, in the order of the assignment
 */
export async function readSideBySide(
  assignment: Assignment,
  onProgress: (bytes: number) => void,
): Promise<readonly Outcome['result'][]> {
  const { sources, limits, memory } = assignment;
  const progress = progressOf(new SharedWork(limits, memory), onProgress);
  const outcomes = new Outcomes(sources.length);
  for (const thread of takeThreads(helpersFor(assignment))) outcomes.expectFrom(thread, assignment);
  doJobs(assignment, progress, (outcome) => outcomes.add(outcome));
  // All are taken up: what is missing, other threads are at.
  const timer = setInterval(progress, PROGRESS_MS);
  try {
    return await outcomes.all();
  } finally {
    clearInterval(timer);
    progress();
  }
}

function helpersFor({ sources }: Assignment): number {
  const bytes = sources.reduce((sum, { blob }) => sum + blob.size, 0);
  return bytes < WORTH_A_THREAD ? 0 : sources.length - 1;
}

function progressOf(work: SharedWork, onProgress: (bytes: number) => void): () => void {
  let reported = 0;
  return () => {
    const { blobBytes } = work;
    if (blobBytes > reported) onProgress(blobBytes - reported);
    reported = blobBytes;
  };
}

/** Outcomes, from whichever thread. */
class Outcomes {
  readonly #results: (Outcome['result'] | undefined)[];
  readonly #settled = Promise.withResolvers<void>();
  #missing: number;
  #threads = 0;
  #problem: unknown;

  constructor(jobs: number) {
    this.#results = Array.from({ length: jobs });
    this.#missing = jobs;
  }

  add({ job, result }: Outcome): void {
    this.#results[job] = result;
    this.#missing -= 1;
    if (this.#missing === 0) this.#settled.resolve();
  }

  expectFrom(thread: Worker, assignment: Assignment): void {
    this.#threads += 1;
    thread.on('message', (outcome: Outcome) => this.add(outcome));
    thread.on('error', (error) => {
      this.#problem = error;
    });
    thread.on('exit', () => this.#lose());
    thread.postMessage(assignment, []);
  }

  /** @throws if a thread was lost with what it had taken up */
  async all(): Promise<readonly Outcome['result'][]> {
    if (this.#missing > 0) await this.#settled.promise;
    return this.#results.filter((result) => result !== undefined);
  }

  #lose(): void {
    this.#threads -= 1;
    if (this.#threads > 0) return;
    const why = this.#problem instanceof Error ? this.#problem.message : 'it ended';
    this.#settled.reject(new Error(`a thread was lost: ${why}`, { cause: this.#problem }));
  }
}
