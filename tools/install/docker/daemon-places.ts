/** Where a dockerd keeps what tells who uses the front: as its command line or its configuration file say, else where it does by default. */
import { dirname, join } from 'node:path';
import { parseDaemonJson } from './daemon-json.ts';
import { type DockerdCommand, flagValue } from './dockerd-flags.ts';

/** Host paths. */
export interface DaemonPlaces {
  readonly pidFile: string;
  /** Of the API. */
  readonly socket: string;
  /** Has all that is Docker's own. */
  readonly dataRoot: string;
  /** Each has a directory for each container that runs. */
  readonly bundles: readonly string[];
}

const UNIX = 'unix://';
const TASKS = 'io.containerd.runtime.v2.task/moby';

/** @param text of daemon.json */
export function daemonPlaces(
  commands: readonly DockerdCommand[],
  text: string | undefined,
  label: string,
): DaemonPlaces {
  const json = parseDaemonJson(text, label);
  const setting = (key: string, otherwise: string): string => {
    const flags = commands.map((command) => flagValue(command, `--${key}`));
    return [...flags, json[key]].findLast(isPath) ?? otherwise;
  };
  const execRoot = setting('exec-root', '/run/docker');
  const hosts = Array.isArray(json['hosts']) ? json['hosts'] : [];
  const sockets = hosts.map((each) => (typeof each === 'string' ? each.slice(UNIX.length) : ''));
  return {
    pidFile: setting('pidfile', '/run/docker.pid'),
    socket: sockets.find(isPath) ?? '/run/docker.sock',
    dataRoot: setting('data-root', '/var/lib/docker'),
    // With a containerd of Docker's own, and with the system's.
    bundles: [join(execRoot, 'containerd/daemon', TASKS), join('/run/containerd', TASKS)],
  };
}

function isPath(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('/') && dirname(value) !== value;
}
