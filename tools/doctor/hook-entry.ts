import { isAbsolute } from 'node:path';

/** A hooks.d file, schema 1.0.0 (oci-hooks(5)), as far as it concerns us; nothing in it has been believed yet. */
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

/**
 * What is wrong with the text of a hooks.d file, or the hook in it.
 * @throws Error with what was expected, for a file that would stop podman and CRI-O from loading any hook
 */
export function parseHookEntry(file: string, text: string): HookEntry {
  const entry = asObject(JSON.parse(text), 'the file');
  if (entry['version'] !== '1.0.0') {
    throw new Error(`expected version "1.0.0", found ${JSON.stringify(entry['version'])}`);
  }
  const hook = asObject(entry['hook'], 'hook');
  const { path, timeout } = hook;
  if (typeof path !== 'string' || !isAbsolute(path)) {
    throw new Error(`expected an absolute hook.path, found ${JSON.stringify(path)}`);
  }
  if (timeout !== undefined && typeof timeout !== 'number') {
    throw new Error(`expected a number as hook.timeout, found ${JSON.stringify(timeout)}`);
  }
  const env = asStrings(hook['env'], 'hook.env');
  return {
    file,
    path,
    args: asStrings(hook['args'], 'hook.args'),
    env: env.length === 0 ? undefined : env,
    timeout,
    stages: asStrings(entry['stages'], 'stages'),
    always: asObject(entry['when'] ?? {}, 'when')['always'] === true,
  };
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

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asStrings(value: unknown, name: string): readonly string[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string')) {
    throw new Error(`expected ${name} to be a list of strings, found ${JSON.stringify(value)}`);
  }
  return value;
}
