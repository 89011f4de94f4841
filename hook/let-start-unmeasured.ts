import type { ContainerState } from '#hook/input/state';
import { processStartTime } from '#hook/log/process-start';
import { type Failure, failureOf } from './failure.ts';
import type { Outcome } from './measure-container.ts';
import type { Surroundings } from './surroundings.ts';

/**
 * `failure.action = "allow"`: the container starts although it could not be measured, and an `allowed` record says so, wherever a
 * TPM is in reach.
 */
export async function letStartUnmeasured(
  { code, message: reason }: Failure,
  { id, pid }: ContainerState,
  { withLog }: Surroundings,
): Promise<Outcome> {
  const startTime = processStartTime(pid);
  const start = startTime === undefined ? undefined : { id, pid, startTime };
  try {
    await withLog(async (log) => {
      // A record that was extended before the start failed says so already.
      if (start !== undefined && log.findRefusal(start) !== undefined) return;
      await log.append({ type: 'allowed', id, ...start, code, reason });
    });
    return { outcome: 'allowed', reason };
  } catch (error) {
    return { outcome: 'allowed', reason, unlogged: failureOf(error).message };
  }
}
