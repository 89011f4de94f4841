/**
 * What somebody asks an OCI runtime to do, read from its arguments. The command lines of runc, crun, youki and runsc are alike, but Go's flags
 * (`-bundle X`) and the GNU ones (`-bX`, `--bun X`) are not the same: all are understood.
 */
import { ToolError } from '#tools/errors';

/** A call that starts a container: `create`, `run` or `restore`. */
export interface StartCall {
  /** As given, perhaps relative; undefined: the working directory. The last one counts. */
  readonly bundle: string | undefined;
  /** The container's, for messages. */
  readonly id: string | undefined;
  /** Where the runtime's caller looks for the reason when it fails. */
  readonly log: string | undefined;
  readonly logFormat: 'json' | 'text';
}

const STARTS = wordSet('create run restore');

/** Subcommands, to tell them from the value of an option that is not known. */
const SUBCOMMANDS = wordSet(
  'create run restore start state kill delete exec list ps pause resume events spec checkpoint update features wait info help mounts init',
);

/** Options before the subcommand, with a value that may be the next argument. */
const GLOBAL_VALUES = wordSet('root r log l log-format log-level criu rootless cgroup-manager');
const GLOBAL_SWITCHES = wordSet('debug systemd-cgroup s version v help h');

/** Options after it, with a value. */
const START_VALUES = wordSet(
  'bundle b config f console-socket c pid-file p preserve-fds pidfd-socket image-path work-path manage-cgroups-mode empty-ns status-fd lsm-profile lsm-mount-context user-log',
);

function wordSet(words: string): ReadonlySet<string> {
  return new Set(words.split(' '));
}

interface Option {
  readonly name: string;
  /** What follows `=`. */
  readonly value: string | undefined;
}

interface Given {
  readonly options: ReadonlyMap<string, string>;
  readonly words: readonly string[];
}

/**
 * @returns undefined for calls that start no container
 * @throws ToolError `usage` for an option without its value, or one that names another file than config.json
 */
export function readRuntimeCall(args: readonly string[]): StartCall | undefined {
  const at = subcommandAt(args);
  if (!STARTS.has(args[at] ?? '')) return undefined;
  const before = readOptions(args.slice(0, at), GLOBAL_VALUES);
  const { options, words } = readOptions(args.slice(at + 1), START_VALUES);
  const config = options.get('config') ?? options.get('f');
  if (config !== undefined && config !== 'config.json') {
    throw new ToolError('usage', `expected config.json, found --config ${JSON.stringify(config)}`);
  }
  return {
    bundle: options.get('bundle'),
    id: words[0],
    log: before.options.get('log') ?? before.options.get('l'),
    logFormat: before.options.get('log-format') === 'json' ? 'json' : 'text',
  };
}

/** The index of the subcommand; behind the last argument if there is none. */
function subcommandAt(args: readonly string[]): number {
  let at = 0;
  for (; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (argument === '--') return at + 1;
    const option = readOption(argument);
    if (option === undefined) return at;
    if (option.value === undefined && takesNext(option.name, args[at + 1])) at += 1;
  }
  return at;
}

/** An option that is not known takes what cannot be the subcommand. */
function takesNext(name: string, next: string | undefined): boolean {
  if (GLOBAL_VALUES.has(name)) return true;
  if (GLOBAL_SWITCHES.has(name) || next === undefined) return false;
  return !next.startsWith('-') && !SUBCOMMANDS.has(next);
}

/** Options may follow words; the last of several counts. */
function readOptions(args: readonly string[], withValue: ReadonlySet<string>): Given {
  const options = new Map<string, string>();
  const words: string[] = [];
  for (let at = 0; at < args.length; at += 1) {
    const argument = args[at] ?? '';
    if (argument === '--') return { options, words: [...words, ...args.slice(at + 1)] };
    const option = readOption(argument);
    if (option === undefined) {
      words.push(argument);
      continue;
    }
    const name = fullName(option.name);
    if (!withValue.has(name)) continue;
    if (option.value === undefined) at += 1;
    const value = option.value ?? args[at];
    if (value === undefined) throw new ToolError('usage', `${argument} has no value`);
    options.set(name, value);
  }
  return { options, words };
}

function readOption(argument: string): Option | undefined {
  if (!argument.startsWith('-') || argument === '-') return undefined;
  // GNU: a value right behind the letter.
  const attached = /^-b(?!undle(?:=|$)|=)(.+)$/s.exec(argument);
  if (attached !== null) return { name: 'bundle', value: attached[1] };
  const text = argument.slice(argument.startsWith('--') ? 2 : 1);
  const equals = text.indexOf('=');
  if (equals < 0) return { name: text, value: undefined };
  return { name: text.slice(0, equals), value: text.slice(equals + 1) };
}

/** GNU: a beginning of a long name will do. */
function fullName(name: string): string {
  return name !== '' && 'bundle'.startsWith(name) ? 'bundle' : name;
}
