/** dockerd's daemon.json: what is in it of ours, and the edits that put it in and take it out. */
import { isDeepStrictEqual } from 'node:util';
import type { Node } from 'jsonc-parser';
import { isObject } from '#digest/json/is-object';
import { type JsonValue, parseStrictJson } from '#digest/json/strict-json';
import { quoted } from '#digest/quoted';
import { ToolError } from '#tools/errors';
import { DOCKER_RUNTIME } from '#tools/install/own-places';
import {
  insertMember,
  memberOf,
  membersOf,
  removeMember,
  replaceValue,
  rootOf,
  textOf,
} from './object-text.ts';

/** A runtime as daemon.json describes it: a program, or a shim with options. */
export type RuntimeEntry = { readonly [name: string]: JsonValue };

export interface DaemonJson {
  readonly defaultRuntime: string | undefined;
  readonly runtimes: Readonly<Record<string, RuntimeEntry>>;
}

/** What has to be known to take ours out again. */
export interface Former {
  /** The value of `default-runtime`, as text; null: it had none. */
  readonly defaultRuntime: string | null;
  readonly hadRuntimes: boolean;
  /** A text without any member; null: no such file. Undefined where there were members. */
  readonly empty?: string | null;
}

export type JsonObject = { [name: string]: JsonValue };

/**
 * @param text undefined: no file
 * @param label names the file in messages
 * @throws ToolError `install` for what dockerd would not take, or not as it looks
 */
export function readDaemonJson(text: string | undefined, label: string): DaemonJson {
  const object = parseDaemonJson(text, label);
  const runtime = object['default-runtime'];
  if (runtime !== undefined && typeof runtime !== 'string') {
    throw refuse(label, 'default-runtime is not a string');
  }
  const runtimes: Record<string, RuntimeEntry> = {};
  for (const [name, entry] of Object.entries(
    asObject(object['runtimes'] ?? {}, label, 'runtimes'),
  )) {
    runtimes[name] = asObject(entry, label, `runtimes.${name}`);
  }
  return { defaultRuntime: runtime === '' ? undefined : runtime, runtimes };
}

/** What {@link withoutOurs} needs to know of a text that has nothing of ours. */
export function formerOf(text: string | undefined): Former {
  if (text === undefined || isBlank(text)) {
    return { defaultRuntime: null, hadRuntimes: false, empty: text ?? null };
  }
  const root = rootOf(text);
  const value = memberOf(root, 'default-runtime')?.value;
  return {
    defaultRuntime: value === undefined ? null : textOf(text, value),
    hadRuntimes: memberOf(root, 'runtimes') !== undefined,
    ...(membersOf(root).length === 0 ? { empty: text } : {}),
  };
}

/**
 * The text with our runtime in it, as the default one; everything else as it is.
 *
 * @throws ToolError `install`
 */
export function withOurs(text: string | undefined, label: string, entry: RuntimeEntry): string {
  const before = parseDaemonJson(text, label);
  const meant = {
    ...before,
    runtimes: { ...asObject(before['runtimes'] ?? {}, label, 'runtimes'), [DOCKER_RUNTIME]: entry },
    'default-runtime': DOCKER_RUNTIME,
  };
  const after = putIn(text, meant, entry);
  if (isDeepStrictEqual(parseDaemonJson(after, label), meant)) return after;
  throw refuse(label, 'cannot be edited');
}

function putIn(text: string | undefined, meant: JsonObject, entry: RuntimeEntry): string {
  if (text === undefined || isBlank(text) || membersOf(rootOf(text)).length === 0) {
    return `${JSON.stringify(meant, null, 2)}\n`;
  }
  let after = text;
  const runtimes = memberOf(rootOf(after), 'runtimes');
  if (runtimes === undefined) {
    after = insertMember(after, rootOf(after), 'runtimes', { [DOCKER_RUNTIME]: entry });
  } else {
    const own = memberOf(runtimes.value, DOCKER_RUNTIME);
    after =
      own === undefined
        ? insertMember(after, runtimes.value, DOCKER_RUNTIME, entry)
        : replaceOwn(after, own.value, entry);
  }
  const value = memberOf(rootOf(after), 'default-runtime')?.value;
  if (value === undefined) {
    return insertMember(after, rootOf(after), 'default-runtime', DOCKER_RUNTIME);
  }
  return replaceValue(after, value, JSON.stringify(DOCKER_RUNTIME));
}

function replaceOwn(text: string, value: Node, entry: RuntimeEntry): string {
  const isSame = isDeepStrictEqual(JSON.parse(textOf(text, value)), entry);
  return isSame ? text : replaceValue(text, value, JSON.stringify(entry));
}

/**
 * The text without our runtime: what it was before, and what was done to it since.
 *
 * @param former undefined where it is not known any more
 * @returns undefined: no file
 * @throws ToolError `install`
 */
export function withoutOurs(
  text: string | undefined,
  label: string,
  former: Former | undefined,
): string | undefined {
  if (text === undefined || isBlank(text)) return text;
  let after = withoutOurDefault(text, label, former);
  const runtimes = memberOf(rootOf(after), 'runtimes');
  if (runtimes !== undefined && memberOf(runtimes.value, DOCKER_RUNTIME) !== undefined) {
    const isAllOurs = membersOf(runtimes.value).length === 1 && former?.hadRuntimes === false;
    after = isAllOurs
      ? removeMember(after, rootOf(after), 'runtimes')
      : removeMember(after, runtimes.value, DOCKER_RUNTIME);
  }
  if (after === text) return text;
  const isEmpty = membersOf(rootOf(after)).length === 0;
  return isEmpty && former?.empty !== undefined ? (former.empty ?? undefined) : after;
}

/**
 * The text with the default runtime that it had, and ours as one of the others: what {@link withoutOurs} takes the rest out of, now or later.
 *
 * @throws ToolError `install`
 */
export function withoutOurDefault(text: string, label: string, former: Former | undefined): string {
  const { defaultRuntime } = readDaemonJson(text, label);
  return defaultRuntime === DOCKER_RUNTIME ? withFormerDefault(text, former) : text;
}

function withFormerDefault(text: string, former: Former | undefined): string {
  const root = rootOf(text);
  const value = memberOf(root, 'default-runtime')?.value;
  if (value === undefined) return text;
  const before = former?.defaultRuntime ?? null;
  return before === null
    ? removeMember(text, root, 'default-runtime')
    : replaceValue(text, value, before);
}

/** dockerd takes an empty file for one that sets nothing; before version 23 it refuses to start. */
function isBlank(text: string): boolean {
  return text.replace(/^\uFEFF/, '').trim() === '';
}

/** All that is in the file. @throws ToolError `install` */
export function parseDaemonJson(text: string | undefined, label: string): JsonObject {
  if (text === undefined || isBlank(text)) return {};
  const topic = {
    what: quoted(label),
    // Go's encoding/json takes `Runtimes` for `runtimes`, dockerd's own check of the names does not.
    members: { members: { runtimes: {}, 'default-runtime': {} } },
    failure: (message: string, options?: ErrorOptions) =>
      new ToolError('install', message, {
        ...options,
        hint: 'mend it first: dockerd will not take it',
      }),
  };
  const bytes = Buffer.from(text.replace(/^\uFEFF/, ''), 'utf8');
  return asObject(parseStrictJson(bytes, topic), label, 'it');
}

function asObject(value: JsonValue, label: string, what: string): JsonObject {
  if (isObject(value)) return value;
  throw refuse(label, `${what} is not an object`);
}

function refuse(label: string, reason: string): ToolError {
  return new ToolError('install', `${quoted(label)}: ${reason}`, {
    hint: 'mend it first: dockerd will not take it as it is',
  });
}
