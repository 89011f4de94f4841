import { DigestError, type DigestErrorCode } from '#digest/errors';
import type { LayerSource } from './layer-source.ts';
import type { ReadLimits } from './limits.ts';
import type { PackedEntries } from './packed-entries.ts';
import { readLayer } from './read-layer.ts';
import { SharedWork, Stopped } from './shared-work.ts';

/** What a thread is told. */
export interface Assignment {
  /** In the order in which they are to be taken up. */
  readonly sources: readonly LayerSource[];
  readonly limits: ReadLimits;
  /** Of the SharedWork. */
  readonly memory: SharedArrayBuffer;
}

export interface Failure {
  /** Undefined: not an error of the image. */
  readonly code: DigestErrorCode | undefined;
  /** A copy if it comes from another thread: without its class, with its message and cause. */
  readonly error: Error;
  /** It only stopped, because something else had failed. */
  readonly isStopped: boolean;
}

/** What became of a job, whose number is the place of its source. Each job has one outcome, whoever fails. */
export interface Outcome {
  readonly job: number;
  readonly result: PackedEntries | Failure;
}

/** Does jobs as long as there are any that no other thread has taken up. */
export function doJobs(
  { sources, limits, memory }: Assignment,
  onRead: () => void,
  onOutcome: (outcome: Outcome) => void,
): void {
  const work = new SharedWork(limits, memory);
  for (;;) {
    const job = work.claim();
    const source = sources[job];
    if (source === undefined) return;
    onOutcome({ job, result: doJob(source, work, onRead) });
  }
}

function doJob(source: LayerSource, work: SharedWork, onRead: () => void): Outcome['result'] {
  try {
    work.checkpoint();
    return readLayer(source, work, onRead);
  } catch (error) {
    work.stop();
    return {
      code: error instanceof DigestError ? error.code : undefined,
      error: error instanceof Error ? error : new Error(String(error)),
      isStopped: error instanceof Stopped,
    };
  }
}
