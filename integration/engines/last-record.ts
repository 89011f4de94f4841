import assert from 'node:assert/strict';
import type { Host } from '#integration/host';
import { readLog } from '#integration/replay-oracle';
import type { Engine } from './engine.ts';

/** What the hook wrote down last: that it measured a container of the engine's. */
export function lastRecord(host: Host, engine: Engine): Readonly<Record<string, unknown>> {
  const record = readLog(host).at(-1)?.event;
  assert.equal(record?.['type'], 'container');
  assert.equal(record['view'], 'overlay');
  // Docker has a layer of its own between the image and the container's.
  const pristine = engine.name === 'docker' ? ['pristine', 'pristine'] : ['pristine'];
  assert.deepEqual(record['writable'], pristine);
  return record;
}
