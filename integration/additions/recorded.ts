import assert from 'node:assert/strict';
import type { Host } from '#integration/host';
import { readLog } from '#integration/replay-oracle';
import type { SteppedEngine } from './engine.ts';
import type { Image, ImageName } from './images.ts';
import type { Scenario } from './scenarios.ts';

export interface Bench {
  readonly host: Host;
  readonly images: Readonly<Record<ImageName, Image>>;
  readonly engine: SteppedEngine;
}

/** What the last record says, which has to be the container's. */
export function recordOf(host: Host, id: string): Readonly<Record<string, unknown>> {
  const record = readLog(host).at(-1)?.event;
  assert.deepEqual([record?.['type'], record?.['id']], ['container', id]);
  return record ?? {};
}

/** Asserts that the image is told as it is in its archive, and the container's own layer as `expected`. */
export function assertImage(
  { host, images, engine }: Bench,
  id: string,
  image: ImageName,
  expected: 'pristine' | 'measured',
): void {
  const record = recordOf(host, id);
  assert.deepEqual([record['view'], record['rootfs']], ['overlay', images[image].digest]);
  const [own, ...others] = record['writable'] as string[];
  assert.match(own ?? '', expected === 'pristine' ? /^pristine$/ : /^sha256:[0-9a-f]{64}$/);
  assert.deepEqual(others, engine.name === 'docker' ? ['pristine'] : []);
}

export async function runScenario(bench: Bench, scenario: Scenario): Promise<void> {
  const { engine } = bench;
  const { image, options = [], change, writable = 'pristine' } = scenario;
  const command = [image === 'scratch' ? '/true' : '/bin/true'];
  const id = await engine.create(image, options, command);
  if (change !== undefined) await engine.change(id, change);
  const { exitCode, stderr } = await engine.start(id);
  assert.equal(exitCode, 0, stderr);
  assertImage(bench, id, image, writable);
  await engine.remove(id);
}
