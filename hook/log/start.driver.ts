/** One start of a container in a process of its own, for tests that kill it. Takes a StartOrder as JSON; prints its steps and the outcome. */
import { installFuse } from './fuse.fixture.ts';
import { containerEvent, logOptions } from './log.fixture.ts';
import { createTpmTools } from './tpm-tools.ts';

export interface StartOrder {
  readonly state: string;
  readonly tcti: string;
  readonly id: string;
  /** Dies by SIGKILL at the step after these. */
  readonly steps?: number;
  readonly timeoutSeconds?: number;
  readonly directories?: readonly string[];
  readonly lockTimeoutMs?: number;
}

// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- written by kill.test.ts
const order = JSON.parse(process.argv[2] ?? '') as StartOrder;
const { timeoutSeconds = 10, lockTimeoutMs = 60_000 } = order;
const fuse = installFuse(() => process.kill(process.pid, 'SIGKILL'));
const { withLogSession } = await import('./log-session.ts');

const { tcti, directories, state } = order;
const options = {
  ...logOptions(state, createTpmTools({ tcti, timeoutSeconds })),
  lockTimeoutMs,
  tpm: (lockFd: number) =>
    fuse.around(
      createTpmTools({
        tcti,
        timeoutSeconds,
        lockFd,
        ...(directories === undefined ? {} : { directories }),
      }),
    ),
};
fuse.arm(order.steps ?? Number.POSITIVE_INFINITY);
const event = containerEvent(order.id);
try {
  await withLogSession(options, async (log) => log.append(event));
  console.log(JSON.stringify({ steps: fuse.steps }));
} catch (thrown) {
  const code = thrown instanceof Error && 'code' in thrown ? thrown.code : 'unknown';
  console.log(JSON.stringify({ steps: fuse.steps, code, message: String(thrown) }));
  process.exitCode = 1;
}
