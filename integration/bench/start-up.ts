import { makeExecutable } from '#tools/build/executable';
import { contest } from './contest.ts';
import type { Result } from './result.ts';

const ROUNDS = 60;
const BOUND_MS = 15;

/** What starting the program costs beyond starting Node: every container waits for it. */
export async function measureStartUp(program: string, directory: string): Promise<Result> {
  const empty = `${directory}/empty`;
  await makeExecutable('', empty);
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
