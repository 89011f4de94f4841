import { isAbsolute } from 'node:path';
import { isObject } from '#digest/json/is-object';

/** Our hook as an engine is to call it, in a hooks.d file or elsewhere; nothing in it has been believed yet. */
export interface HookEntry {
  /** The file it was read from. */
  readonly file: string;
  readonly path: string;
  readonly args: readonly string[];
  /** Undefined when missing or empty: Go leaves an empty list out when it writes config.json. */
  readonly env: readonly string[] | undefined;
  /** Seconds. */
  readonly timeout: number | undefined;
  readonly stages: readonly string[];
  /** Whether it is for every container. */
  readonly always: boolean;
}

/** podman takes `precreate` too. */
const STAGES = [
  'precreate',
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
];

/**
 * The hook of a hooks.d file, schema 1.0.0 (oci-hooks(5)). Whose it is does not matter: a file that is not what its readers expect
 * stops all of them.
 *
 * @throws Error with what was expected
 */
export function parseHookFile(file: string, text: string): HookEntry {
  const entry = asObject(JSON.parse(text), 'the file');
  const { version } = entry;
  if (version === undefined || version === '' || version === '0.1.0')
    return parseOldHookFile(file, entry);
  if (version !== '1.0.0') {
    throw new Error(`expected version "1.0.0", found ${JSON.stringify(version)}`);
  }
  if (entry['stages'] === undefined || entry['stages'] === null) {
    throw new Error('expected stages, found none');
  }
  return parseHook(file, entry['hook'], {
    stages: asStages(entry['stages']),
    always: readWhen(asObject(entry['when'] ?? {}, 'when')),
  });
}

/** Whether it is for every container: all conditions have to hold, and `hasBindMounts` does only for containers with volumes, if true. */
function readWhen(when: Readonly<Record<string, unknown>>): boolean {
  const { always, hasBindMounts, annotations, commands } = when;
  for (const [name, value] of Object.entries({ always, hasBindMounts })) {
    if (value === undefined || value === null || typeof value === 'boolean') continue;
    throw new Error(`expected true or false as when.${name}, found ${JSON.stringify(value)}`);
  }
  const pairs = Object.entries(asObject(annotations ?? {}, 'when.annotations')).flat();
  const expressions = [...asStrings(pairs, 'when.annotations'), ...asStrings(commands, 'commands')];
  for (const expression of expressions) requireExpression(expression);
  return always === true && expressions.length === 0 && (hasBindMounts ?? null) === null;
}

/** One that is a regular expression nowhere; whether RE2, which reads them, takes one that is only here cannot be told. */
function requireExpression(expression: string): void {
  // What RE2 alone has.
  if (/\(\?(?:P<|[imsU-])|\[:/.test(expression)) return;
  if (isExpression(expression)) return;
  throw new Error(`expected a regular expression, found ${JSON.stringify(expression)}`);
}

function isExpression(expression: string): boolean {
  try {
    return new RegExp(expression).source !== '';
  } catch {
    return false;
  }
}

/** What the schema was before 1.0.0; podman and CRI-O read it still. It has no env. */
function parseOldHookFile(file: string, entry: Readonly<Record<string, unknown>>): HookEntry {
  const hook = { path: entry['hook'], args: entry['arguments'] };
  return parseHook(file, hook, {
    stages: asStages(entry['stages'] ?? entry['stage']),
    always: false,
  });
}

/**
 * A hook as config.json has it (runtime-spec, "POSIX-platform Hooks").
 *
 * @throws Error with what was expected
 */
export function parseHook(
  file: string,
  value: unknown,
  { stages, always }: Pick<HookEntry, 'stages' | 'always'>,
): HookEntry {
  const hook = asObject(value, 'hook');
  const { path, timeout } = hook;
  if (typeof path !== 'string' || !isAbsolute(path)) {
    throw new Error(`expected an absolute hook.path, found ${JSON.stringify(path)}`);
  }
  if (timeout !== undefined && !isInteger(timeout)) {
    throw new Error(`expected a whole number as hook.timeout, found ${JSON.stringify(timeout)}`);
  }
  const env = asStrings(hook['env'], 'hook.env');
  return {
    file,
    path,
    args: asStrings(hook['args'], 'hook.args'),
    env: env.length === 0 ? undefined : env,
    timeout,
    stages,
    always,
  };
}

function asStages(value: unknown): readonly string[] {
  const stages = asStrings(value, 'stages');
  const unknown = stages.find((stage) => !STAGES.includes(stage));
  if (unknown === undefined) return stages;
  throw new Error(`expected stages of ${STAGES.join(', ')}, found ${JSON.stringify(unknown)}`);
}

/** The FILE of `--config FILE` among a hook entry's args. */
export function configArgument(args: readonly string[]): string | undefined {
  const index = args.indexOf('--config');
  const joined = args.find((argument) => argument.startsWith('--config='));
  return index === -1 ? joined?.slice('--config='.length) : args[index + 1];
}

function asObject(value: unknown, name: string): Readonly<Record<string, unknown>> {
  if (!isObject(value)) {
    throw new Error(`expected ${name} to be an object, found ${JSON.stringify(value)}`);
  }
  return value;
}

function isInteger(value: unknown): value is number {
  return Number.isInteger(value);
}

function asStrings(value: unknown, name: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new Error(`expected ${name} to be a list of strings, found ${JSON.stringify(value)}`);
  }
  return value;
}
