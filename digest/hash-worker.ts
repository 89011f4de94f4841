import { workerData } from 'node:worker_threads';
import { ContentRing } from './content-ring.ts';
import { hashRequested, openRequested } from './hash-file.ts';
import { dropRoot } from './thread-credentials.ts';

export interface HashWorkerData {
  readonly memory: SharedArrayBuffer;
  readonly dropsRoot: boolean;
}

/** A thread that hashes files until the ring closes. It reports by the ring alone: nobody listens to its messages. */
function run({ memory, dropsRoot }: HashWorkerData): void {
  // The walking thread needs the same, and says what is wrong.
  if (dropsRoot && dropRoot() !== 0) return;
  const ring = new ContentRing(memory);
  ring.reportStart();
  const checkpoint = (): void => {
    if (ring.isClosing) throw new Error('the walk has ended');
  };
  for (let claim = ring.claim(); claim !== undefined; claim = ring.claim()) {
    for (let ticket = claim.first; ticket < claim.end && !ring.isClosing; ticket++) {
      try {
        const file = openRequested(ring, ticket);
        if (file !== undefined) hashRequested(ring, ticket, file, checkpoint);
      } catch {
        // Answered as broken.
      }
    }
    ring.finish();
  }
}

run(workerData);
