import { workerData } from 'node:worker_threads';
import { ContentRing, Status } from './content-ring.ts';
import { dropRoot } from './drop-root.ts';
import { hashFile } from './hash-file.ts';
import type { HashWorkerData } from './hash-worker-source.ts';

/** A thread that hashes files until the ring closes. It reports by the ring alone: nobody listens to its messages. */
const { memory, dropsRoot } = workerData as HashWorkerData;
const ring = new ContentRing(memory);
const errno = dropsRoot ? dropRoot() : 0;
ring.reportStart(errno);
if (errno === 0) work();

function work(): void {
  for (let ticket = ring.claim(); ticket !== undefined; ticket = ring.claim()) {
    try {
      hashFile(ring, ticket);
    } catch {
      ring.answer(ticket, Status.broken);
    }
  }
}
