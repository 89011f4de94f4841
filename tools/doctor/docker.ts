/** Whether Docker's next container calls the hook. Docker has no hooks: its default runtime has to be our front. */
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { DOCKER_RUNTIME } from '#tools/install/own-places';
import { checkChangedSince } from './changed-since.ts';
import { type Daemon, flagOf, flagsOf } from './daemons.ts';
import { askDocker, type DockerInfo, type DockerRuntime, runtimeOf } from './docker-api.ts';
import { checkFront, checkRemoved, readFront } from './docker-front.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, ok, problem, warning } from './finding.ts';
import { listAt, tableAt, textAt } from './member.ts';
import { checkNamespace } from './namespace.ts';
import { checkOwned } from './owned-files.ts';
import { findProgram, runProgram } from './programs.ts';

const CHECK = 'engine';
const HANDLER = 'runtime-handler';
const EXPECTED = 'Docker, and what it starts as its default runtime';
const INSTALL = 'oci-measure install docker';
const DAEMON_JSON = '/etc/docker/daemon.json';
const SOCKET = '/run/docker.sock';
const MAX_CONFIG_BYTES = 1024 * 1024;
/** Docker has them without being told, and they are runc itself: `io.containerd.runc.v2`, and v1 before. */
const BUILT_IN = /^(?:runc|io\.containerd\.(?:runc|runtime)\..*)$/;

/** What starts containers, or would. */
interface Runtimes {
  readonly defaultRuntime: string;
  readonly runtimes: readonly DockerRuntime[];
}

export async function checkDocker(setup: EngineSetup): Promise<readonly Finding[]> {
  const running = setup.daemons.filter(({ name }) => name === 'dockerd');
  if (running.length > 0) {
    return (await Promise.all(running.map((daemon) => checkRunning(daemon, setup)))).flat();
  }
  const path = findProgram('dockerd', setup.programs);
  return path === undefined ? [] : await checkStopped(path, setup);
}

async function checkStopped(path: string, setup: EngineSetup): Promise<readonly Finding[]> {
  const { stdout } = await runProgram(path, ['--version']);
  const version = /version ([^,\s]+)/.exec(stdout)?.[1] ?? 'of unknown version';
  const file = readDaemonJson(DAEMON_JSON);
  if (file.failure !== undefined) return [refused(DAEMON_JSON, file.failure)];
  const source = file.isThere ? `as ${DAEMON_JSON} says` : `as there is no ${DAEMON_JSON}`;
  const shown = `${path} ${version}, which does not run, would start ${file.defaultRuntime}`;
  return [
    ok(CHECK, `${shown}, ${source}`, EXPECTED),
    ...(await checkRuntimes(file, file, setup)),
    ...checkOwned([path, DAEMON_JSON, dirname(DAEMON_JSON)]),
  ];
}

async function checkRunning(daemon: Daemon, setup: EngineSetup): Promise<readonly Finding[]> {
  const path = flagOf(daemon.args, 'config-file') ?? DAEMON_JSON;
  const file = readDaemonJson(path);
  const [socket, info] = await ask(daemon, file.hosts);
  if (typeof info === 'string') {
    const found = `dockerd (pid ${daemon.pid}) does not answer at ${socket}: ${info}`;
    return [problem(CHECK, found, EXPECTED, 'systemctl status docker.service')];
  }
  const shown = `${daemon.executable} ${info.version}, pid ${daemon.pid}`;
  return [
    ok(CHECK, `${shown}, asked at ${socket}, starts ${info.defaultRuntime}`, EXPECTED),
    ...(await checkRuntimes(info, file, setup)),
    ...(file.failure === undefined ? [] : [refused(path, file.failure)]),
    ...checkReloaded(info, file, path),
    ...checkOwned([daemon.executable, path, dirname(path)]),
    ...checkChangedSince(daemon, [], 'docker.service'),
    ...checkNamespace(daemon, setup),
  ];
}

type Asked = readonly [socket: string, answer: DockerInfo | string];

/** Where it listens: flags, else daemon.json, else the usual place. A socket that systemd made is at the usual place. */
async function ask(daemon: Daemon, hosts: readonly string[]): Promise<Asked> {
  const named = [...flagsOf(daemon.args, 'host', 'H'), ...hosts];
  const sockets = named.filter((host) => host.startsWith('unix://')).map((host) => host.slice(7));
  const socket = sockets[0] ?? SOCKET;
  try {
    return [socket, await askDocker(socket)];
  } catch (error) {
    return [socket, error instanceof Error ? error.message : String(error)];
  }
}

async function checkRuntimes(
  { defaultRuntime, runtimes }: Runtimes,
  file: Runtimes,
  setup: EngineSetup,
): Promise<readonly Finding[]> {
  const expected = 'a default runtime that adds the hook (the front that `install docker` makes)';
  const fronts = runtimes.filter(({ path }) => readFront(path) !== undefined);
  const own = fronts.find(({ name }) => name === DOCKER_RUNTIME);
  const front = fronts.find(({ name }) => name === defaultRuntime);
  if (own !== undefined && (front === undefined || front === own)) {
    const removed = checkRemoved(own, file.defaultRuntime);
    if (removed !== undefined) return [removed];
  }
  const others = runtimes.filter((one) => !fronts.includes(one) && !BUILT_IN.test(one.name));
  const bypasses = others.map(({ name }) => `--runtime ${name}`);
  if (front === undefined) {
    const found = `the default runtime ${defaultRuntime} calls no hook`;
    const isInstalled = runtimes.some(({ name }) => name === DOCKER_RUNTIME);
    const say = isInstalled ? problem : warning;
    return [say(HANDLER, found, expected, INSTALL)];
  }
  const text = readFront(front.path) ?? '';
  const behind = await checkFront(front.path, text, setup);
  return [
    ...behind,
    ...(bypasses.length === 0
      ? []
      : [
          warning(
            HANDLER,
            `containers started with ${bypasses.join(' or ')} call no hook`,
            'no other runtime',
            'take them out of daemon.json, or start them by a front too',
          ),
        ]),
    // Of a front that only hands over there is no entry to look at.
    ...(behind.some(({ check }) => check === 'hook-entry')
      ? [
          ok(
            HANDLER,
            `${front.name}, the default: containers call the hook; those made before it was, started with --runtime runc, and RUN steps of builds do not`,
            expected,
          ),
        ]
      : []),
  ];
}

interface DaemonJson extends Runtimes {
  readonly isThere: boolean;
  readonly hosts: readonly string[];
  readonly failure?: string;
}

function readDaemonJson(path: string): DaemonJson {
  try {
    const text = readFileSync(path, 'utf8');
    if (text.length > MAX_CONFIG_BYTES) throw new Error('too large');
    const json: unknown = JSON.parse(text.trim() === '' ? '{}' : text);
    const runtimes = Object.entries(tableAt(json, ['runtimes']) ?? {});
    return {
      isThere: true,
      defaultRuntime: textAt(json, ['default-runtime']) || 'runc',
      runtimes: runtimes.map(([name, runtime]) => runtimeOf(name, runtime)),
      hosts: listAt(json, ['hosts']),
    };
  } catch (error) {
    const none = { isThere: false, defaultRuntime: 'runc', runtimes: [], hosts: [] };
    if (systemErrorCode(error) === 'ENOENT') return none;
    return {
      ...none,
      isThere: true,
      failure: error instanceof Error ? error.message : String(error),
    };
  }
}

function refused(path: string, reason: string): Finding {
  const expected = 'a daemon.json that dockerd can be started with';
  return problem(CHECK, `${path}: ${reason}`, expected, `mend ${path}`);
}

/** What is on disk counts when it is loaded, at SIGHUP or at the next start. */
function checkReloaded(info: Runtimes, file: DaemonJson, path: string): readonly Finding[] {
  if (file.failure !== undefined || file.defaultRuntime === info.defaultRuntime) return [];
  if (file.defaultRuntime === 'runc') return [];
  const found = `${path} has ${file.defaultRuntime} as the default runtime, and dockerd starts ${info.defaultRuntime}`;
  const mend = 'systemctl reload docker.service';
  return [problem('restart', found, 'what is on disk is in force', mend)];
}
