import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { contest } from './contest.ts';
import type { Result } from './result.ts';

const ROUNDS = 60;
const BOUND_MS = 15;

/** What starting the program costs beyond starting Node: every container waits for it. */
export function measureStartUp(program: string, directory: string): Result {
  const empty = makeEmpty(directory);
  const medians = contest(
    [
      { name: 'ours', command: [program, '--version'] },
      { name: 'empty', command: [empty] },
    ],
    ROUNDS,
  );
  const [oursMs = NaN, emptyMs = NaN] = [medians.get('ours'), medians.get('empty')];
  return {
    what: 'start (--version)',
    measured: `${oursMs.toFixed(1)} ms`,
    against: `an empty Node executable: ${emptyMs.toFixed(1)} ms`,
    found: `${(oursMs - emptyMs).toFixed(1)} ms more`,
    bound: `≤ ${BOUND_MS} ms more`,
    holds: oursMs - emptyMs <= BOUND_MS,
  };
}

/** As Node makes it of itself, with nothing to run and no options. */
function makeEmpty(directory: string): string {
  writeFileSync(`${directory}/empty.cjs`, '');
  const configuration = { main: 'empty.cjs', output: 'empty', disableExperimentalSEAWarning: true };
  writeFileSync(`${directory}/sea.json`, JSON.stringify(configuration));
  execFileSync(process.execPath, ['--build-sea', 'sea.json'], { cwd: directory, stdio: 'pipe' });
  return `${directory}/${configuration.output}`;
}
