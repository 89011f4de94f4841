/**
 * Docker has no hooks. So what it starts as its default runtime becomes a front (front.ts), which adds our hook and hands over to the runtime that
 * was the default before.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { quoted } from '#digest/quoted';
import { ToolError } from '#tools/errors';
import type {
  EngineInstaller,
  EngineOptions,
  EnginePlan,
  Restart,
} from '#tools/install/engine-plan';
import { changeOf, type FileChange, readText } from '#tools/install/file-change';
import { hookCommand } from '#tools/install/hook-command';
import type { Host } from '#tools/install/host';
import {
  DOCKER_FRONT,
  DOCKER_RUNTIME,
  EXECUTABLE,
  EXECUTABLE_BESIDE_READ_ONLY_USR,
} from '#tools/install/own-places';
import { cdiRemoval } from './cdi.ts';
import {
  formerOf,
  readDaemonJson,
  withOurs,
  withoutOurDefault,
  withoutOurs,
} from './daemon-json.ts';
import { daemonPlaces } from './daemon-places.ts';
import { type DockerdCommand, dockerdCommands, flagValue } from './dockerd-flags.ts';
import { formerRuntime, requireProgram } from './former-runtime.ts';
import { type FrontRecord, frontText, isFront, readFrontRecord, withoutHook } from './front.ts';
import { type FrontUsers, frontUsers } from './in-use.ts';
import { installNotes, removalNotes, retreatNotes } from './notes.ts';

const DAEMON_JSON = '/etc/docker/daemon.json';
const UNIT = 'docker.service';
const SNAP = '/var/snap/docker';
/** dockerd refuses to start when one of these says what a key of daemon.json says, too. */
const REPEATING_FLAGS = ['--default-runtime', '--add-runtime'];

export const docker: EngineInstaller = {
  async install(host, options): Promise<EnginePlan> {
    const commands = dockerdCommands(host);
    refuseSnap(host, commands);
    refuseRepeatingFlags(commands);
    return planInstallation(host, configurationFile(commands), options);
  },
  async uninstall(host, recorded, isForced = false): Promise<EnginePlan> {
    const front = frontOn(host, recorded);
    const record = readFrontRecord(readText(host.at(front)));
    const commands = dockerdCommands(host);
    const path = host.at(record?.file ?? configurationFile(commands));
    const places = daemonPlaces(commands, readText(path), path);
    const removed = { host, front, record, path };
    const users = await frontUsers(host, front, places);
    const isNamed = DOCKER_RUNTIME in readDaemonJson(readText(path), path).runtimes;
    const isKept = isNamed && users.created.length > 0 && !isForced;
    return isKept ? planRetreat(removed, users) : planRemoval(removed, users);
  },
};

/** The front's place: an earlier removal may have left one that no record tells of any more. */
function frontOn(host: Host, recorded: readonly string[]): string {
  const places = [EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR].map(frontBeside);
  const told = recorded.find((path) => places.includes(path));
  return told ?? places.find((path) => isFront(readText(host.at(path)))) ?? DOCKER_FRONT;
}

function frontBeside(executable: string): string {
  return join(dirname(executable), basename(DOCKER_FRONT));
}

/** First the front, then what names it. */
function planInstallation(host: Host, file: string, options: EngineOptions): EnginePlan {
  const front = frontBeside(options.executable);
  const path = host.at(file);
  const text = readText(path);
  const json = readDaemonJson(text, path);
  const old = readText(host.at(front));
  if (old !== undefined && !isFront(old)) {
    throw new ToolError('install', `${quoted(front)} is there, and not of oci-measure`);
  }
  const isDefault = json.defaultRuntime === DOCKER_RUNTIME;
  // Where the front is lost, so is what was before it.
  const known = readFrontRecord(old);
  const former = isDefault && known ? known : formerOf(withoutOurs(text, path, known));
  const runtime = formerRuntime(nameOf(former.defaultRuntime), json);
  requireProgram(host, runtime, front);
  const made = frontText({
    record: { file, ...former },
    runtime: runtime.command,
    entry: hookCommand(options),
  });
  return {
    changes: [
      changeOf(host.at(front), made, { mode: 0o755 }),
      changeOf(path, withOurs(text, path, runtime.entry(front))),
    ],
    notes: installNotes(json, runtime),
    restart: { unit: UNIT, action: 'reload' },
  };
}

interface Removed {
  readonly host: Host;
  readonly front: string;
  readonly record: FrontRecord | undefined;
  /** Of daemon.json, here. */
  readonly path: string;
}

/**
 * Docker refuses to start a container whose runtime daemon.json does not name any more. So while there are such containers, our runtime stays
 * as one of the others, and starts them without the hook; the front keeps what the last removal has to know.
 */
function planRetreat({ host, front, record, path }: Removed, users: FrontUsers): EnginePlan {
  const text = readText(host.at(front));
  const before = readText(path);
  const after = before === undefined ? undefined : withoutOurDefault(before, path, record);
  const changes: FileChange[] = [changeOf(path, after)];
  if (text !== undefined && isFront(text)) {
    changes.push(changeOf(host.at(front), withoutHook(text, record)));
  }
  const restart = restartAfter(path, after);
  return {
    changes: [...changes, ...cdiRemoval(host)],
    notes: retreatNotes({ front: host.at(front), file: path, users, restart }),
    isUnfinished: true,
    ...(users.daemon ? { restart } : {}),
  };
}

/** First daemon.json, then the front that it named; that stays, without the hook, while somebody may call it. */
function planRemoval({ host, front, record, path }: Removed, users: FrontUsers): EnginePlan {
  const text = readText(host.at(front));
  const before = readText(path);
  const changes: FileChange[] = [changeOf(path, withoutOurs(before, path, record))];
  const isUsed = users.daemon || users.running.length > 0;
  if (text !== undefined && isFront(text)) {
    changes.push(changeOf(host.at(front), isUsed ? withoutHook(text) : undefined));
  }
  const restart = restartAfter(path, changes[0]?.after);
  return {
    changes: [...changes, ...cdiRemoval(host)],
    notes: removalNotes({ front, users, restart }),
    ...(users.daemon ? { restart } : {}),
  };
}

/** A default that is no longer named stays in dockerd's memory until it starts anew (reloadPlatform). */
function restartAfter(path: string, text: string | undefined): Restart {
  const isNamed = readDaemonJson(text, path).defaultRuntime !== undefined;
  return { unit: UNIT, action: isNamed ? 'reload' : 'restart' };
}

/** Its dockerd reads a file of its own, and may start nothing outside of the snap. */
function refuseSnap(host: Host, commands: readonly DockerdCommand[]): void {
  if (commands.length > 0 || !existsSync(host.at(SNAP))) return;
  throw new ToolError(
    'install',
    `Docker is a snap here (${SNAP}), which starts no runtime of others`,
    {
      hint: "install Docker's own or Debian's package",
    },
  );
}

function refuseRepeatingFlags(commands: readonly DockerdCommand[]): void {
  for (const command of commands) {
    const flag = REPEATING_FLAGS.find((each) => flagValue(command, each) !== undefined);
    if (flag === undefined) continue;
    throw new ToolError('install', `dockerd is started with ${flag} (${command.where})`, {
      hint: `dockerd refuses to start when daemon.json says so too: move what ${flag} says into daemon.json first`,
    });
  }
}

function configurationFile(commands: readonly DockerdCommand[]): string {
  const files = commands.map((command) => flagValue(command, '--config-file'));
  return files.findLast((file) => file?.startsWith('/')) ?? DAEMON_JSON;
}

function nameOf(text: string | null): string | undefined {
  const name: unknown = text === null ? undefined : JSON.parse(text);
  return typeof name === 'string' && name !== '' ? name : undefined;
}
