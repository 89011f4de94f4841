import { readdirSync } from 'node:fs';
import { systemErrorCode } from '#digest/system-error-code';
import { listContainers } from '#hook/log/container-map';
import { readBootId } from '#hook/log/log-session';
import type { MapEntry } from '#hook/log/map-entry';
import { isRunning } from '#hook/log/process-start';
import { statePaths } from '#hook/log/state-directory';
import { ToolError } from '#tools/errors';
import { bootTimeMs, formatTime } from '#tools/time';

/** An entry of the container map, and what the machine says about it now. docs/schema/containers.json */
export interface MeasuredContainer extends MapEntry {
  readonly measured: true;
  /** RFC 3339, UTC; absent for a container of an earlier boot. */
  readonly started?: string;
  /** Whether its first process is still there. */
  readonly running: boolean;
}

/**
 * All of the container map, oldest start first. Where nothing was measured yet there is none.
 *
 * @throws HookError `log`; ToolError `source`: it cannot be read
 */
export function measuredContainers(state: string): readonly MeasuredContainer[] {
  const directory = statePaths(state).containers;
  if (!isThere(directory)) return [];
  const bootId = readBootId();
  const bootMs = bootTimeMs();
  return listContainers(directory).map((entry) =>
    entry.bootId === bootId
      ? {
          ...entry,
          measured: true,
          started: formatTime(bootMs + entry.timestamp / 1000),
          running: isRunning(entry),
        }
      : { ...entry, measured: true, running: false },
  );
}

function isThere(directory: string): boolean {
  try {
    readdirSync(directory);
    return true;
  } catch (cause) {
    if (systemErrorCode(cause) === 'ENOENT') return false;
    throw new ToolError('source', 'cannot read the container map', { cause });
  }
}
