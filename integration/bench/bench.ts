/**
 * `npm run bench`: the speeds and sizes that the project promises, peers in the same run. With `-- --write` the table
 * goes into the README. Never part of the tests: a number depends on the machine, a test must not.
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { debianRootfs, program, workDirectory } from '#integration/program';
import { measureDigestSpeed } from './digest-speed.ts';
import { measureImageSpeed } from './image-speed.ts';
import { measureLayerMemory } from './layer-memory.ts';
import { describeMachine } from './machine.ts';
import { measurePeakMemory } from './peak-memory.ts';
import { writeReadme } from './readme.ts';
import { type Result, renderTable } from './result.ts';
import { measureStartUp } from './start-up.ts';

function bench(directory: string): Result[] {
  say('digesting a Debian root filesystem, peers in turn');
  const speed = measureDigestSpeed(program, debianRootfs);
  say('starting');
  const startUp = measureStartUp(program, directory);
  say('making and digesting trees of 10,000 and 1,000,000 entries');
  const small = measurePeakMemory(program, directory, 10_000, 150);
  const large = measurePeakMemory(program, directory, 1_000_000, 600);
  say('digesting images that are not unpacked, peers in turn');
  const images = measureImageSpeed(program, directory);
  return [...speed, startUp, small, large, ...images, measureLayerMemory(program)];
}

function say(what: string): void {
  process.stderr.write(`bench: ${what}\n`);
}

mkdirSync(workDirectory, { recursive: true });
const directory = mkdtempSync(`${workDirectory}/bench-`);
try {
  const results = bench(directory);
  const text = `${describeMachine()}\n\n${renderTable(results)}`;
  process.stdout.write(`\n${text}`);
  if (process.argv.includes('--write')) writeReadme(text);
  if (results.some(({ holds }) => holds === false)) process.exitCode = 1;
} finally {
  rmSync(directory, { recursive: true });
}
