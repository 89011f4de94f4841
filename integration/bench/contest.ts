import { spawnSync } from 'node:child_process';

export interface Contestant {
  readonly name: string;
  readonly command: readonly [file: string, ...args: string[]];
  /** What has to be done before each round, and is not timed. */
  readonly prepare?: () => void;
}

/** A virtual machine whose processors were idle takes seconds to run two threads at once (measured). */
const WARM_UP_ROUNDS = 8;

/**
 * Runs the contestants in turn, round after round, so that whatever else the machine does hits all of them alike.
 *
 * @returns the median wall time of each, in milliseconds
 */
export function contest(contestants: readonly Contestant[], rounds: number): Map<string, number> {
  const times = new Map<string, number[]>(contestants.map(({ name }) => [name, []]));
  for (let round = -WARM_UP_ROUNDS; round < rounds; round += 1) {
    for (const contestant of contestants) {
      const elapsedMs = time(contestant);
      if (round >= 0) times.get(contestant.name)?.push(elapsedMs);
    }
  }
  return new Map(Array.from(times, ([name, all]) => [name, median(all)]));
}

function time({ name, command: [file, ...args], prepare }: Contestant): number {
  prepare?.();
  const start = performance.now();
  const { status, error, stderr } = spawnSync(file, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const elapsedMs = performance.now() - start;
  if (status !== 0) throw new Error(`${name} failed: ${error?.message ?? String(stderr)}`);
  return elapsedMs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low = NaN, high = NaN] = [sorted[middle - 1], sorted[middle]];
  return sorted.length % 2 === 0 ? (low + high) / 2 : high;
}
