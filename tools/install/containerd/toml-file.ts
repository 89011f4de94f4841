/** A TOML file as text with the place of each definition, so that it can be changed by text ranges. Places are UTF-16 code units. */
import { parse, type TomlTable } from 'smol-toml';
import { type AST, parseTOML } from 'toml-eslint-parser';
import { ToolError } from '#tools/errors';

export type KeyPath = readonly string[];

/** One `key = value`, in whichever notation. */
export interface Assignment {
  /** From the top of the document. */
  readonly path: KeyPath;
  readonly node: AST.TOMLKeyValue;
  /** Of the table in which it is written, a part of `path`. */
  readonly home: KeyPath;
  readonly isInline: boolean;
  /** What has lines of its own: itself, or the assignment whose value's inline tables it is in. */
  readonly statement: AST.TOMLKeyValue;
}

/** `[header]`, without the tables of an array. */
export interface Header {
  readonly path: KeyPath;
  readonly node: AST.TOMLTable;
}

export interface TomlFile {
  readonly text: string;
  readonly document: TomlTable;
  readonly assignments: readonly Assignment[];
  readonly headers: readonly Header[];
}

/**
 * Two parsers have to take it: what is changed is found by the one, what it means is told by the other.
 *
 * @param name for the error
 * @throws ToolError `install` if it is no TOML 1.0
 */
export function readToml(text: string, name: string): TomlFile {
  try {
    const document = parseDocument(text);
    const top = parseTOML(text, { tomlVersion: '1.0' }).body[0];
    const assignments: Assignment[] = [];
    const headers: Header[] = [];
    for (const node of top.body) {
      if (node.type === 'TOMLKeyValue') collect(node, [], assignments);
      else if (node.resolvedKey.every((key) => typeof key === 'string')) {
        headers.push({ path: node.resolvedKey, node });
        for (const inside of node.body) collect(inside, node.resolvedKey, assignments);
      }
    }
    return { text, document, assignments, headers };
  } catch (cause) {
    throw new ToolError('install', `${JSON.stringify(name)} is no TOML`, { cause });
  }
}

/** @throws Error if it is no TOML */
export function parseDocument(text: string): TomlTable {
  return parse(text, { integersAsBigInt: 'asNeeded' });
}

function collect(
  node: AST.TOMLKeyValue,
  home: KeyPath,
  into: Assignment[],
  statement: AST.TOMLKeyValue = node,
): void {
  const path = [...home, ...keysOf(node.key)];
  into.push({ path, node, home, isInline: statement !== node, statement });
  if (node.value.type !== 'TOMLInlineTable') return;
  for (const inside of node.value.body) collect(inside, path, into, statement);
}

function keysOf({ keys }: AST.TOMLKey): string[] {
  return keys.map((key) => (key.type === 'TOMLBare' ? key.name : key.value));
}

export function isSame(a: KeyPath, b: KeyPath): boolean {
  return a.length === b.length && isAtOrBelow(a, b);
}

/** Whether `path` is `top`, or in it. */
export function isAtOrBelow(path: KeyPath, top: KeyPath): boolean {
  return top.every((key, index) => path[index] === key);
}

/** As containerd's documentation quotes: bare where that can be. */
export function keyText(path: KeyPath, quote: '"' | "'" = '"'): string {
  return path.map((key) => partText(key, quote)).join('.');
}

function partText(key: string, quote: '"' | "'"): string {
  if (/^[A-Za-z0-9_-]+$/.test(key)) return key;
  // TOML's escapes hold all of JSON's but `\/`, which is not written.
  return quote === "'" && /^[^'\p{Cc}]*$/u.test(key) ? `'${key}'` : JSON.stringify(key);
}

/** A change of a text. */
export interface Splice {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** @param splices none of which overlap */
export function splice(text: string, splices: readonly Splice[]): string {
  return splices
    .toSorted((a, b) => b.start - a.start)
    .reduce(
      (rest, { start, end, text: put }) => rest.slice(0, start) + put + rest.slice(end),
      text,
    );
}

/** Where the line begins in which a place is. */
export function lineStart(text: string, place: number): number {
  return text.lastIndexOf('\n', place - 1) + 1;
}

/** Behind the line's end; the text's end for the last line. */
export function lineEnd(text: string, place: number): number {
  const end = text.indexOf('\n', place);
  return end === -1 ? text.length : end + 1;
}

export function indentAt(text: string, place: number): string {
  return /^[ \t]*/.exec(text.slice(lineStart(text, place)))?.[0] ?? '';
}

/** What ends the text's lines, most likely. */
export function newlineOf(text: string): string {
  return /\r?\n/.exec(text)?.[0] ?? '\n';
}
