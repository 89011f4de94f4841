/** Random archives against the reader, until something is wrong or the time is over: `node digest/tar/fuzz.ts [--seconds N] [--seed N]`. */
import assert from 'node:assert/strict';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { toldByGnuTar, toldByReader } from './gnu-tar.fixture.ts';
import { archives } from './random/archives.fixture.ts';
import { plainArchives } from './random/plain-archives.fixture.ts';
import { recordArchive } from './recording.fixture.ts';

export interface FuzzLimits {
  /** Of each property. */
  readonly runs: number;
  readonly seconds: number;
  readonly seed?: number | undefined;
}

const MEBIBYTE = 2 ** 20;
const MOST_MEMORY = 512 * MEBIBYTE;

/** @throws with the seed and the smallest archive that was found */
export function fuzzReader({ runs, seconds, seed }: FuzzLimits): void {
  const seeded = seed === undefined ? {} : { seed };
  const time = (share: number): number => seconds * share * 1000;
  report(fc.check(anyArchive, { ...seeded, numRuns: runs, interruptAfterTimeLimit: time(0.7) }));
  const fewer = Math.ceil(runs / 50); // each runs tar(1) twice
  report(fc.check(plainArchive, { ...seeded, numRuns: fewer, interruptAfterTimeLimit: time(0.3) }));
  assert.ok(process.memoryUsage().rss < MOST_MEMORY);
}

/** Nothing but a DigestError is thrown, or the recording throws it; and how the archive comes makes no difference. */
const anyArchive = fc.property(
  archives,
  fc.array(fc.integer({ min: 1, max: 700 }), { minLength: 1, maxLength: 5 }),
  (archive, pieces) => {
    assert.deepEqual(recordArchive(archive, pieces), recordArchive(archive));
  },
);

const plainArchive = fc.property(plainArchives, (archive) => {
  assert.deepEqual(toldByReader(archive), toldByGnuTar(archive));
});

function report<T extends readonly [Buffer, ...unknown[]]>(details: fc.RunDetails<T>): void {
  if (!details.failed || details.counterexample === null) return;
  const [archive, ...rest] = details.counterexample;
  const packed = gzipSync(archive).toString('base64');
  throw new Error(
    `seed ${details.seed}, ${JSON.stringify(rest)}: base64 -d <<< ${packed} | gunzip`,
    { cause: details.errorInstance },
  );
}

function main(): void {
  const { values } = parseArgs({
    options: { seconds: { type: 'string', default: '60' }, seed: { type: 'string' } },
  });
  const seed = values.seed === undefined ? undefined : Number(values.seed);
  fuzzReader({ runs: 1e9, seconds: Number(values.seconds), seed });
  process.stdout.write(`${values.seconds} seconds: nothing found in the reader\n`);
}

if (import.meta.main) main();
