import { monotonicMs } from '#digest/monotonic-clock';
import { HookError } from './errors.ts';

/** The hook's own time, which ends before the runtime's: a runtime kills a hook that is late and throws its reason away. */
export interface Deadline {
  readonly elapsedMs: () => number;
  readonly remainingMs: () => number;
  /** @throws HookError `deadline` when the time is up */
  readonly check: () => void;
}

export function startDeadline(seconds: number): Deadline {
  const start = monotonicMs();
  const elapsedMs = (): number => monotonicMs() - start;
  const remainingMs = (): number => Math.max(0, seconds * 1000 - elapsedMs());
  return {
    elapsedMs,
    remainingMs,
    check: () => {
      if (remainingMs() === 0) throw deadlinePassed(seconds);
    },
  };
}

export function deadlinePassed(seconds: number): HookError {
  return new HookError('deadline', `not measured within ${seconds} s (deadline)`);
}
