/** The runtime that is Docker's default before ours is: what the front hands over to. */
import { realpathSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { isObject } from '#digest/json/is-object';
import type { JsonValue } from '#digest/json/strict-json';
import { quoted } from '#digest/quoted';
import { isExecutable, SEARCH_PATH } from '#tools/doctor/programs';
import { ToolError } from '#tools/errors';
import type { Host } from '#tools/install/host';
import type { DaemonJson, RuntimeEntry } from './daemon-json.ts';

export interface FormerRuntime {
  readonly name: string;
  /** What is executed, with its own arguments: an absolute path, or a name that is looked for as Docker does. */
  readonly command: readonly string[];
  /** How daemon.json describes the front in its place. */
  entry(front: string): RuntimeEntry;
}

/** Docker's own, which daemon.json cannot describe. */
const STOCK: ReadonlySet<string> = new Set(['runc', 'io.containerd.runc.v2']);
/** The shim that starts a program, and the option that names it. */
const SHIM = 'io.containerd.runc.v2';
const PROGRAM = 'BinaryName';

/**
 * @param name the runtime's, as daemon.json or the command line give it; undefined: none is given
 * @throws ToolError `install` for one that cannot be called by another program, or is not there
 */
export function formerRuntime(name: string | undefined, json: DaemonJson): FormerRuntime {
  if (name === undefined || STOCK.has(name)) {
    return { name: name ?? 'runc', command: ['runc'], entry: (path) => ({ path }) };
  }
  const entry = json.runtimes[name];
  if (entry === undefined) throw notWrapped(name, 'is described nowhere');
  const { path, runtimeArgs, runtimeType, options } = entry;
  if (typeof path === 'string' && path !== '') {
    const args = stringsOf(runtimeArgs);
    if (args === undefined) throw notWrapped(name, 'has runtimeArgs that are not words');
    return { name, command: [path, ...args], entry: (front) => ({ path: front }) };
  }
  if (runtimeType !== SHIM) {
    throw notWrapped(name, `is a shim of its own (${quoted(JSON.stringify(runtimeType ?? null))})`);
  }
  const settings = isObject(options) ? options : {};
  const program = settings[PROGRAM] ?? 'runc';
  if (typeof program !== 'string') throw notWrapped(name, `has a ${PROGRAM} that is no path`);
  return {
    name,
    command: [program],
    entry: (front) => ({ ...entry, options: { ...settings, [PROGRAM]: front } }),
  };
}

/**
 * Fails while nothing has been changed, rather than at the next container.
 *
 * @throws ToolError `install`
 */
export function requireProgram(host: Host, { name, command }: FormerRuntime, front: string): void {
  const [program = ''] = command;
  const places = isAbsolute(program)
    ? [program]
    : SEARCH_PATH.map((directory) => join(directory, program));
  const found = places.find((place) => isExecutable(host.at(place)));
  if (found === undefined) {
    const where = isAbsolute(program)
      ? quoted(program)
      : `${quoted(program)} in ${SEARCH_PATH.join(':')}`;
    const below = host.isThisMachine ? '' : ` below ${quoted(host.root)}`;
    const message = `Docker's default runtime ${quoted(name)}: no program ${where}${below}`;
    throw new ToolError('install', message);
  }
  if (isSameFile(host.at(found), host.at(front))) {
    throw notWrapped(name, `is ${quoted(front)} itself`);
  }
}

function isSameFile(one: string, other: string): boolean {
  try {
    return realpathSync(one) === realpathSync(other);
  } catch {
    return false;
  }
}

function stringsOf(value: JsonValue | undefined): string[] | undefined {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) return undefined;
  // Docker hands them to a shell, split at spaces.
  const words = value.filter((each) => typeof each === 'string');
  if (words.length < value.length) return undefined;
  return words.flatMap((each) => each.split(/\s+/)).filter((each) => each !== '');
}

function notWrapped(name: string, why: string): ToolError {
  return new ToolError('install', `Docker's default runtime ${quoted(name)} ${why}`, {
    hint: 'only a runtime that is called like runc can have the hook added: make one the default, or measure single containers with the CDI device (--cdi)',
  });
}
