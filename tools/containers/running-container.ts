/** The containers that run now, as their runtimes have them on file, whether the hook saw them or not. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainerClass, classOf } from '#hook/input/container-class';
import { type Engine, engineOf } from '#hook/input/engine';
import { identify } from '#hook/input/identity';
import { readTrustedFile } from '#hook/input/trusted-file';
import { readUserNamespace } from '#hook/input/user-namespace';
import type { IdentifyingAnnotations, Start } from '#hook/log/measurement-event';
import { parseStartTime } from '#hook/log/process-start';
import { type RuntimeState, readRuntimeStates } from './runtime-states.ts';

export interface RunningContainer extends Start, IdentifyingAnnotations {
  readonly class: ContainerClass;
  readonly engine?: Engine;
  /** The file that its runtime has on it. */
  readonly file: string;
}

export interface RunningContainers {
  readonly containers: readonly RunningContainer[];
  /** What could not be read, and why. */
  readonly unread: readonly string[];
}

const MAX_CONFIG_BYTES = 16 * 1024 * 1024;

/** @param patterns as in {@link readRuntimeStates} */
export function runningContainers(patterns?: readonly string[]): RunningContainers {
  const { states, unread } = readRuntimeStates(patterns);
  const found = new Map<number, RunningContainer>();
  const unclear: string[] = [];
  for (const state of states) {
    const startTime = startOf(state);
    // Both a shim and its runtime have a container on file.
    if (startTime === undefined || found.has(state.pid)) continue;
    const { annotations, failure } = annotationsOf(state);
    if (failure !== undefined) unclear.push(failure);
    found.set(state.pid, describe(state, startTime, annotations));
  }
  return { containers: [...found.values()], unread: [...unread, ...unclear] };
}

/** When the process began that is on file; undefined where that is gone, or dead and not waited for yet. */
function startOf({ pid, startTime }: RuntimeState): number | undefined {
  if (pid === 0) return undefined;
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const isDead = /^[ZXx]/.test(stat.slice(stat.lastIndexOf(')') + 2));
    const begun = parseStartTime(stat);
    return isDead || (startTime !== undefined && begun !== startTime) ? undefined : begun;
  } catch {
    return undefined;
  }
}

function describe(
  { id, pid, bundle, file }: RuntimeState,
  startTime: number,
  annotations: ReadonlyMap<string, string>,
): RunningContainer {
  const state = { id, bundle: bundle ?? '', annotations };
  const engine = engineOf(state);
  return {
    id,
    pid,
    startTime,
    class: classOf(state, readUserNamespace()),
    ...(engine === undefined ? {} : { engine }),
    ...identify(state),
    file,
  };
}

interface Annotations {
  readonly annotations: ReadonlyMap<string, string>;
  readonly failure?: string;
}

/** Of config.json; what cannot be read leaves a container without a name, not out. */
function annotationsOf({ bundle }: RuntimeState): Annotations {
  if (bundle === undefined) return { annotations: new Map() };
  const path = join(bundle, 'config.json');
  try {
    const bytes = readTrustedFile({ path, maxBytes: MAX_CONFIG_BYTES, code: 'bundle' });
    const parsed: unknown = JSON.parse(Buffer.from(bytes ?? []).toString('utf8') || '{}');
    return { annotations: new Map(stringsOf(memberOf(parsed, 'annotations'))) };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { annotations: new Map(), failure: `${path}: ${reason}` };
  }
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null
    ? Object.entries(value).find(([key]) => key === name)?.[1]
    : undefined;
}

function stringsOf(value: unknown): readonly (readonly [string, string])[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
}
