import type { Config } from '#hook/input/config';
import { type LogSession, withLogSession } from '#hook/log/log-session';
import { createTpmTools } from '#hook/log/tpm-tools';
import type { Deadline } from './deadline.ts';

/** Everything around one container start that is not of the container. */
export interface Surroundings {
  readonly config: Config;
  readonly deadline: Deadline;
  /** One transaction on the measurement log: locked, recovered, and at one with the PCR. */
  readonly withLog: <T>(use: (log: LogSession) => Promise<T>) => Promise<T>;
}

export function surroundingsOf(config: Config, deadline: Deadline, version: string): Surroundings {
  const { tcti, pcr, timeout } = config.tpm;
  return {
    config,
    deadline,
    withLog: async (use) =>
      await withLogSession(
        {
          state: config.state,
          pcr,
          tpm: (lockFd) => createTpmTools({ tcti, timeoutSeconds: timeout, lockFd }),
          version,
          configDigest: config.digest,
          lockTimeoutMs: deadline.remainingMs(),
        },
        use,
      ),
  };
}
