/** Whether the front can go: a container's shim calls it until that container is gone, and dockerd as long as it knows it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { Host } from '#tools/install/host';
import { DOCKER_RUNTIME } from '#tools/install/own-places';
import { dockerdPid } from './dockerd-flags.ts';

export interface FrontUsers {
  /** dockerd runs, and knows our runtime or does not say. */
  readonly daemon: boolean;
  /** Ids of containers that run under the front. */
  readonly running: readonly string[];
  /** Ids of containers that Docker will start under our runtime, or not at all. */
  readonly created: readonly string[];
}

/** Bundles of Docker's containers: with a containerd of Docker's own, and with the system's. */
const BUNDLES = [
  '/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby',
  '/run/containerd/io.containerd.runtime.v2.task/moby',
];
const DATA_ROOT = '/var/lib/docker';
const SOCKET = '/run/docker.sock';
const ANSWER_MS = 3000;

export async function frontUsers(
  host: Host,
  front: string,
  dataRoot: string = DATA_ROOT,
): Promise<FrontUsers> {
  return {
    daemon: dockerdPid(host) !== undefined && isAlive(host) && (await knowsUs(host)),
    running: BUNDLES.flatMap((path) => runningUnder(host, path, front)),
    created: createdFor(host, join(dataRoot, 'containers')),
  };
}

/** A pid file outlives a dockerd that was killed, but not the machine. */
function isAlive(host: Host): boolean {
  return !host.isThisMachine || existsSync(`/proc/${dockerdPid(host)}`);
}

function runningUnder(host: Host, path: string, front: string): readonly string[] {
  // The shim notes there what it starts (containerd's pkg/process, WriteRuntime), and its options.
  return list(host.at(path)).filter((id) =>
    ['runtime', 'options.json'].some((name) => read(join(host.at(path), id, name)).includes(front)),
  );
}

function createdFor(host: Host, path: string): readonly string[] {
  const named = JSON.stringify(DOCKER_RUNTIME);
  return list(host.at(path)).filter((id) =>
    read(join(host.at(path), id, 'hostconfig.json')).includes(`"Runtime":${named}`),
  );
}

/** What dockerd has in memory, whatever its file says; one that does not answer is taken to know us. */
async function knowsUs(host: Host): Promise<boolean> {
  if (!host.isThisMachine) return true;
  const answer = await askDocker('/info');
  if (answer === undefined) return true;
  try {
    const info: { DefaultRuntime?: unknown; Runtimes?: object | null } = JSON.parse(answer);
    return info.DefaultRuntime === DOCKER_RUNTIME || DOCKER_RUNTIME in (info.Runtimes ?? {});
  } catch {
    return true;
  }
}

async function askDocker(path: string): Promise<string | undefined> {
  return await new Promise((resolve) => {
    const fail = (): void => resolve(undefined);
    const asked = request({ socketPath: SOCKET, path, timeout: ANSWER_MS }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
      answer.on('error', fail);
    });
    asked.on('error', fail);
    asked.on('timeout', () => asked.destroy());
    asked.end();
  });
}

function list(path: string): readonly string[] {
  try {
    return readdirSync(path);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
