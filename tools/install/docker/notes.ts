import type { Restart } from '#tools/install/engine-plan';
import { DOCKER_RUNTIME } from '#tools/install/own-places';
import type { DaemonJson } from './daemon-json.ts';
import type { FormerRuntime } from './former-runtime.ts';
import type { FrontUsers } from './in-use.ts';

/** What whoever installs has to know. */
export function installNotes(json: DaemonJson, former: FormerRuntime): readonly string[] {
  const others = Object.keys(json.runtimes).filter(
    (name) => name !== DOCKER_RUNTIME && name !== former.name,
  );
  const named = [...new Set([former.name, 'runc', ...others])].map((name) => `--runtime ${name}`);
  return [
    `Docker's default runtime becomes "${DOCKER_RUNTIME}", which adds the hook and hands over to "${former.name}"`,
    `not measured: containers started with ${named.join(', ')}; containers that are there already (each keeps its runtime: create it anew); RUN steps of docker build; rootless Docker`,
  ];
}

export interface Removal {
  readonly front: string;
  readonly users: FrontUsers;
  readonly restart: Restart;
}

const MANY = 100;

/** What whoever removes has to know while containers are there that name our runtime. */
export function retreatNotes({
  front,
  file,
  users,
  restart,
}: Removal & { readonly file: string }): readonly string[] {
  const { daemon, created } = users;
  const containers = created.length === 1 ? 'container' : 'containers';
  return [
    ...(daemon && restart.action === 'restart'
      ? ['Docker keeps its default runtime in memory until it is restarted']
      : []),
    `not removed yet: the runtime "${DOCKER_RUNTIME}" in ${file}, and ${front}, which only hands over. Docker starts ${created.length} ${containers} by it, or not at all: ${shortIds(created, MANY)}`,
    `create ${created.length === 1 ? 'it' : 'them'} anew or remove ${created.length === 1 ? 'it' : 'them'}; then run \`oci-measure uninstall docker\` again, which takes the rest. With --force it goes now, and they do not start again`,
  ];
}

/** What whoever removes has to know. */
export function removalNotes({ front, users, restart }: Removal): readonly string[] {
  const notes: string[] = [];
  if (users.daemon && restart.action === 'restart') {
    notes.push(
      'Docker keeps its default runtime in memory until it is restarted. Do not reload it before: version 20.10 crashes where daemon.json has other runtimes',
    );
  }
  if (users.daemon || users.running.length > 0) {
    const who = users.running.length > 0 ? `container ${shortIds(users.running)}` : 'Docker';
    notes.push(
      `${front} stays, and only hands over, since ${who} calls it: run this again when that has ended`,
    );
  }
  if (users.created.length > 0) {
    notes.push(
      `containers that Docker will not start again, since they were created for the runtime "${DOCKER_RUNTIME}": ${shortIds(users.created)} (${users.created.length} in all). Create them anew, or keep {"runtimes": {"${DOCKER_RUNTIME}": {"path": "runc"}}} in daemon.json`,
    );
  }
  return notes;
}

function shortIds(ids: readonly string[], count = 5): string {
  const shown = ids.slice(0, count).map((id) => id.slice(0, 12));
  return ids.length > shown.length ? `${shown.join(', ')}, …` : shown.join(', ');
}
