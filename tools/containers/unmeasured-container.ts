import { readIfPresent } from '#hook/log/durable-file';
import { readBootId } from '#hook/log/log-session';
import type { MapEntry } from '#hook/log/map-entry';
import type { MeasurementEvent, Start } from '#hook/log/measurement-event';
import { statePaths } from '#hook/log/state-directory';
import { readRecords } from '#tools/log/reading';
import { bootTimeMs, formatTime, ticksToMs } from '#tools/time';
import type { RunningContainer, RunningContainers } from './running-container.ts';

/** A container that runs and is in no record. docs/schema/containers.json */
export interface UnmeasuredContainer extends RunningContainer {
  readonly measured: false;
  /**
   * - `not-seen`: no record says that the hook was called for it
   * - `skipped`: the configuration has its class skipped
   * - `allowed`: it could not be measured, and the configuration lets such containers start
   */
  readonly why: 'not-seen' | 'skipped' | 'allowed';
  /** Why it could not be measured. */
  readonly reason?: string;
  readonly bootId: string;
  /** RFC 3339, UTC. */
  readonly started: string;
  readonly running: true;
}

const MAX_LOG_BYTES = 1024 * 1024 * 1024;

/**
 * Which of the containers that run now are not in the map.
 *
 * @param running found before the map was read: whoever starts in between is in the map
 * @throws HookError `log`: the log cannot be read
 */
export function unmeasuredContainers(
  state: string,
  { containers }: RunningContainers,
  map: readonly MapEntry[],
): readonly UnmeasuredContainer[] {
  const bootId = readBootId();
  const inMap = new Set(map.filter((entry) => entry.bootId === bootId).map(keyOf));
  const rest = containers.filter((container) => !inMap.has(keyOf(container)));
  if (rest.length === 0) return [];
  const told = whatTheLogSays(state);
  const bootMs = bootTimeMs();
  return rest
    .map(
      (container): UnmeasuredContainer => ({
        ...container,
        measured: false,
        ...(told.get(keyOf(container)) ?? { why: 'not-seen' }),
        bootId,
        started: formatTime(bootMs + ticksToMs(container.startTime)),
        running: true,
      }),
    )
    .toSorted((one, other) => one.startTime - other.startTime);
}

/** The process alone: an engine and its runtime may call a container by different ids. */
function keyOf({ pid, startTime }: Pick<Start, 'pid' | 'startTime'>): string {
  return `${pid} ${startTime}`;
}

type Told = Pick<UnmeasuredContainer, 'why' | 'reason'>;

function whatTheLogSays(state: string): ReadonlyMap<string, Told> {
  const log = readIfPresent(statePaths(state).log, MAX_LOG_BYTES) ?? new Uint8Array();
  const told = new Map<string, Told>();
  for (const { event } of readRecords(log).records) {
    const about = toldBy(event);
    if (about !== undefined) told.set(...about);
  }
  return told;
}

function toldBy(event: MeasurementEvent): [string, Told] | undefined {
  if (event.type === 'skipped') return [keyOf(event), { why: 'skipped' }];
  if (event.type !== 'allowed') return undefined;
  const { pid, startTime, reason } = event;
  if (pid === undefined || startTime === undefined) return undefined;
  return [keyOf({ pid, startTime }), { why: 'allowed', reason }];
}
