/** Whether the front can go: a container's shim calls it until that container is gone, and dockerd as long as it knows it. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { getFromDocker } from '#tools/doctor/docker-api';
import type { Host } from '#tools/install/host';
import { DOCKER_RUNTIME } from '#tools/install/own-places';
import type { DaemonPlaces } from './daemon-places.ts';
import { pidIn } from './dockerd-flags.ts';
import { readFileOfOthers } from './read-file.ts';

export interface FrontUsers {
  /** dockerd runs, and our runtime is its default or it does not say. */
  readonly daemon: boolean;
  /** Ids of containers that run under the front. */
  readonly running: readonly string[];
  /** Ids of containers that Docker will start under our runtime, or not at all. */
  readonly created: readonly string[];
}

export async function frontUsers(
  host: Host,
  front: string,
  places: DaemonPlaces,
): Promise<FrontUsers> {
  return {
    daemon: isRunning(host, places) && (await startsUs(host, places)),
    running: places.bundles.flatMap((path) => runningUnder(host, path, front)),
    created: createdFor(host, places.dataRoot),
  };
}

/** A pid file outlives a dockerd that was killed, but not the machine. */
function isRunning(host: Host, { pidFile }: DaemonPlaces): boolean {
  const pid = pidIn(host, pidFile);
  return pid !== undefined && (!host.isThisMachine || existsSync(`/proc/${pid}`));
}

function runningUnder(host: Host, path: string, front: string): readonly string[] {
  // The shim notes there what it starts (containerd's pkg/process, WriteRuntime), and its options.
  return list(host.at(path)).filter((id) =>
    ['runtime', 'options.json'].some((name) => read(join(host.at(path), id, name)).includes(front)),
  );
}

function createdFor(host: Host, dataRoot: string): readonly string[] {
  const named = `"Runtime":${JSON.stringify(DOCKER_RUNTIME)}`;
  // With userns-remap there is one of each user's below.
  const mapped = list(host.at(dataRoot)).filter((name) => /^\d+\.\d+$/.test(name));
  return ['', ...mapped].flatMap((user) => {
    const path = host.at(join(dataRoot, user, 'containers'));
    return list(path).filter((id) => read(join(path, id, 'hostconfig.json')).includes(named));
  });
}

/** What dockerd has in memory, whatever its file says; one that does not answer is taken to do so. */
async function startsUs(host: Host, { socket }: DaemonPlaces): Promise<boolean> {
  if (!host.isThisMachine) return true;
  const place = host.at(socket);
  try {
    const info: { DefaultRuntime?: unknown } = JSON.parse(await getFromDocker(place, '/info'));
    // One that it merely knows besides is of use to nobody but the containers that name it (createdFor).
    return typeof info.DefaultRuntime !== 'string' || info.DefaultRuntime === DOCKER_RUNTIME;
  } catch {
    return true;
  }
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  return readFileOfOthers(path) ?? '';
}
