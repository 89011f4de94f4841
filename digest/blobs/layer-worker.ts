import { parentPort } from 'node:worker_threads';
import { type Assignment, doJobs, type Outcome } from './layer-job.ts';

/** A thread that reads layers: it waits for one assignment, and ends with it. */
parentPort?.once('message', (assignment: Assignment) => {
  doJobs(
    assignment,
    () => {},
    (outcome: Outcome) => {
      const { result } = outcome;
      parentPort?.postMessage(
        outcome,
        'words' in result ? [result.words.buffer, result.bytes.buffer] : [],
      );
    },
  );
});
