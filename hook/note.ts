import { type HookLogLine, writeHookLog } from '#hook/log/hook-log';
import { statePaths } from '#hook/log/state-directory';
import type { Failure } from './failure.ts';
import type { Outcome } from './measure-container.ts';
import type { Surroundings } from './surroundings.ts';

/** Tells the hook's own log what became of a start. */
export function noteOutcome(
  { outcome, ...details }: Outcome,
  id: string,
  around: Surroundings,
): void {
  note({ event: outcome, id, ...details }, around);
}

/** Tells the hook's own log why a container must not start. */
export function noteFailure(
  { code, message }: Failure,
  id: string | undefined,
  around: Surroundings,
): void {
  note({ event: 'denied', ...(id === undefined ? {} : { id }), code, message }, around);
}

function note(line: HookLogLine, { config, deadline }: Surroundings): void {
  writeHookLog(statePaths(config.state).hookLog, { ...line, ms: Math.round(deadline.elapsedMs()) });
}
