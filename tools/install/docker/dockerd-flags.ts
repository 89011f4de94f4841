/** What dockerd is started with, as far as it matters to daemon.json: flags that repeat a key of it keep dockerd from starting. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '#tools/install/host';
import { dropInsOf, UNIT_DIRECTORIES } from '#tools/install/unit-directories';
import { readFileOfOthers } from './read-file.ts';

/** A command line of dockerd, and where it was found. */
export interface DockerdCommand {
  readonly words: readonly string[];
  readonly where: string;
}

const UNIT = 'docker.service';
/** Of Debian's init script and unit, and of Fedora's unit. */
const VARIABLE_FILES = ['/etc/default/docker', '/etc/sysconfig/docker'];
const PID_FILE = '/run/docker.pid';

/** That of the unit, and of the dockerd that runs. */
export function dockerdCommands(host: Host): readonly DockerdCommand[] {
  const unit = unitCommand(host);
  const pidFile = unit && flagValue(unit, '--pidfile');
  return [unit, runningCommand(host, pidFile ?? PID_FILE)].filter((each) => each !== undefined);
}

/** The value of a flag of dockerd's, by the last that gives it; '' for one without a value. */
export function flagValue({ words }: DockerdCommand, flag: string): string | undefined {
  const at = words.findLastIndex((word) => word === flag || word.startsWith(`${flag}=`));
  if (at < 0) return undefined;
  const word = words[at] ?? '';
  return word === flag ? (words[at + 1] ?? '') : word.slice(flag.length + 1);
}

function unitCommand(host: Host): DockerdCommand | undefined {
  const unit = UNIT_DIRECTORIES.map((directory) => join(directory, UNIT)).find(
    (path) => read(host, path) !== undefined,
  );
  const files = [
    ...(unit === undefined ? [] : [unit]),
    ...dropInsOf(UNIT, (path) => list(host, path)),
  ];
  const variables = new Map(VARIABLE_FILES.flatMap((path) => assignments(read(host, path) ?? '')));
  let command = unit === undefined ? '$DOCKER_OPTS $OPTIONS' : '';
  for (const line of files.flatMap((path) => settings(read(host, path) ?? ''))) {
    const [, name, value = ''] = /^\s*([A-Za-z]+)\s*=\s*(.*)$/s.exec(line) ?? [];
    // An empty one takes back those before it, and a service of this type has one.
    if (name === 'ExecStart') command = value;
    if (name === 'Environment') {
      for (const word of wordsOf(value))
        for (const [key, set] of assignments(word)) variables.set(key, set);
    }
    if (name === 'EnvironmentFile') {
      const text = read(host, value.trim().replace(/^-/, '')) ?? '';
      for (const [key, set] of assignments(text)) variables.set(key, set);
    }
  }
  const full = command.replace(/\$\{?(\w+)\}?/g, (_, name: string) => variables.get(name) ?? '');
  if (full.trim() === '') return undefined;
  return { words: wordsOf(full), where: unit === undefined ? VARIABLE_FILES.join(' or ') : UNIT };
}

function runningCommand(host: Host, pidFile: string): DockerdCommand | undefined {
  const pid = pidFile.startsWith('/') ? pidIn(host, pidFile) : undefined;
  if (pid === undefined) return undefined;
  const words = (read(host, `/proc/${pid}/cmdline`) ?? '').split('\0').slice(0, -1);
  return words.length === 0 ? undefined : { words, where: `the command line of process ${pid}` };
}

/** The process id that a file holds; undefined where there is none. */
export function pidIn(host: Host, file: string): number | undefined {
  const pid = Number(read(host, file)?.trim());
  return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
}

/** Lines, where one that ends in `\` goes on; without comments. */
function settings(text: string): readonly string[] {
  const lines = text.replaceAll(/\\\r?\n/g, ' ').split(/\r?\n/);
  return lines.filter((line) => !/^\s*[#;]/.test(line));
}

function assignments(text: string): (readonly [string, string])[] {
  return settings(text).flatMap((line) => {
    const [, name, value = ''] = /^\s*(?:export\s+)?(\w+)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, unquote(value.trim())] as const];
  });
}

function wordsOf(text: string): readonly string[] {
  return Array.from(text.matchAll(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g), ([word]) => unquote(word));
}

function unquote(text: string): string {
  return text.replaceAll(
    /"([^"]*)"|'([^']*)'/g,
    (_, double?: string, single?: string) => double ?? single ?? '',
  );
}

function read(host: Host, path: string): string | undefined {
  try {
    return readFileOfOthers(host.at(path));
  } catch {
    // Its links lead nowhere: then it is not what dockerd is started by.
    return undefined;
  }
}

function list(host: Host, path: string): readonly string[] {
  try {
    return readdirSync(host.at(path));
  } catch {
    return [];
  }
}
