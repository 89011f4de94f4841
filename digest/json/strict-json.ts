/**
 * JSON that everybody reads alike, or a refusal.
 *
 * Go's encoding/json, with which runc reads config.json and engines read manifests, matches member names whatever their case (`argſ` is args), lets the last
 * of two win and replaces what is not Unicode. In crun the case counts, the first of two wins, and strings and names end at a NUL. Seen
 * with runc 1.1.5 and crun 1.8.1, which ran different programs from one file. Where two readers could understand a text differently it is
 * refused: what is measured has to be what runs.
 */
import { quoted } from '#digest/quoted';
import { readNumber, readString } from './json-scalar.ts';
import { caseVariantOf } from './member-name.ts';
import type { MemberTree } from './member-tree.ts';

/** Integers that a double cannot hold exactly are bigints. */
export type JsonValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | JsonValue[]
  | { [name: string]: JsonValue };

/** What a text is, and what its members may be called. */
export interface JsonTopic {
  /** For messages. */
  readonly what: string;
  readonly members: MemberTree;
  /** Makes the error that is thrown. */
  readonly failure: (message: string, options?: ErrorOptions) => Error;
}

/** Where the reader is in the text. */
export interface Cursor {
  readonly text: string;
  at: number;
  values: number;
  /** @throws the topic's error */
  readonly refuse: (reason: string) => never;
}

// Real ones nest 8 deep and hold some thousand values. The second bound keeps memory flat.
const maxDepth = 64;
const maxValues = 1_000_000;

/**
 * RFC 8259 without what I-JSON (RFC 7493) leaves out (invalid UTF-8, a byte order mark, lone surrogates, a name twice in one object,
 * maps with free names included) and without NUL. Where the schema fixes the names, one that differs by case alone is refused.
 *
 * @throws the topic's error
 */
export function parseStrictJson(bytes: Uint8Array, topic: JsonTopic): JsonValue {
  const text = decodeUtf8(bytes, topic);
  const cursor: Cursor = {
    text,
    at: 0,
    values: 0,
    refuse: (reason) => {
      throw topic.failure(`${topic.what}: ${reason} at character ${cursor.at}`);
    },
  };
  skipSpace(cursor);
  const value = readValue(cursor, topic.members, 0);
  skipSpace(cursor);
  if (cursor.at < text.length) cursor.refuse('something follows the JSON value');
  return value;
}

function decodeUtf8(bytes: Uint8Array, topic: JsonTopic): string {
  if (bytes.length === 0) throw topic.failure(`${topic.what} is empty, expected JSON`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw topic.failure(`${topic.what} is not UTF-8`, { cause });
  }
}

function readValue(cursor: Cursor, members: MemberTree, depth: number): JsonValue {
  if (depth > maxDepth) cursor.refuse(`nested more than ${maxDepth} deep`);
  cursor.values += 1;
  if (cursor.values > maxValues) cursor.refuse(`more than ${maxValues} values`);
  switch (cursor.text.charAt(cursor.at)) {
    case '{':
      return readObject(cursor, members, depth);
    case '[':
      return readArray(cursor, members, depth);
    case '"':
      return readString(cursor);
    case 't':
      return readWord(cursor, 'true', true);
    case 'f':
      return readWord(cursor, 'false', false);
    case 'n':
      return readWord(cursor, 'null', null);
    default:
      return readNumber(cursor);
  }
}

function readWord<T>(cursor: Cursor, word: string, value: T): T {
  if (!cursor.text.startsWith(word, cursor.at)) cursor.refuse(`expected ${word}`);
  cursor.at += word.length;
  return value;
}

function readArray(cursor: Cursor, members: MemberTree, depth: number): JsonValue[] {
  const array: JsonValue[] = [];
  cursor.at += 1;
  skipSpace(cursor);
  if (skip(cursor, ']')) return array;
  while (true) {
    array.push(readValue(cursor, members.each ?? {}, depth + 1));
    skipSpace(cursor);
    if (skip(cursor, ']')) return array;
    if (!skip(cursor, ',')) cursor.refuse('expected , or ] in an array');
    skipSpace(cursor);
  }
}

function readObject(cursor: Cursor, members: MemberTree, depth: number): JsonValue {
  const object: { [name: string]: JsonValue } = {};
  cursor.at += 1;
  skipSpace(cursor);
  if (skip(cursor, '}')) return object;
  while (true) {
    const name = readName(cursor, object, members);
    const below = members.members === undefined ? members.each : memberOf(members.members, name);
    const value = readValue(cursor, below ?? {}, depth + 1);
    setOwn(object, name, value);
    skipSpace(cursor);
    if (skip(cursor, '}')) return object;
    if (!skip(cursor, ',')) cursor.refuse('expected , or } in an object');
    skipSpace(cursor);
  }
}

function readName(cursor: Cursor, object: object, members: MemberTree): string {
  if (cursor.text[cursor.at] !== '"') cursor.refuse('expected a member name');
  const name = readString(cursor);
  if (Object.hasOwn(object, name)) cursor.refuse(`member ${quoted(name)} is there twice`);
  const meant = members.members && caseVariantOf(name, members.members);
  if (meant !== undefined) {
    cursor.refuse(`member ${quoted(name)} can be taken for ${quoted(meant)}`);
  }
  skipSpace(cursor);
  if (!skip(cursor, ':')) cursor.refuse('expected : after a member name');
  skipSpace(cursor);
  return name;
}

function memberOf(members: { readonly [name: string]: MemberTree }, name: string) {
  return Object.hasOwn(members, name) ? members[name] : undefined;
}

function setOwn(object: { [name: string]: JsonValue }, name: string, value: JsonValue): void {
  // An assignment would set the prototype.
  if (name === '__proto__') {
    Object.defineProperty(object, name, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  } else {
    object[name] = value;
  }
}

function skip(cursor: Cursor, character: string): boolean {
  if (cursor.text[cursor.at] !== character) return false;
  cursor.at += 1;
  return true;
}

function skipSpace(cursor: Cursor): void {
  while (' \t\n\r'.includes(cursor.text[cursor.at] ?? '?')) cursor.at += 1;
}
