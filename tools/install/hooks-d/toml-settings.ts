/** Lists of directories in the TOML files that podman and CRI-O read, one after the other. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'smol-toml';
import { isObject } from '#digest/json/is-object';
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';

/** A file as an engine finds it. */
export interface SettingsFile {
  /** Host path. */
  readonly path: string;
  readonly text: string;
}

/** @throws ToolError `install` */
export function readSettings(host: Host, path: string): SettingsFile | undefined {
  const text = readText(host.at(path));
  return text === undefined ? undefined : { path, text };
}

/** Host paths of the files in a directory with that end of their names, in the order of Go's os.ReadDir: of bytes. */
export function namesIn(host: Host, directory: string, suffix: string): readonly string[] {
  const here = host.at(directory);
  if (!existsSync(here)) return [];
  return readdirSync(here, { withFileTypes: true })
    .filter((entry) => !entry.isDirectory() && entry.name.endsWith(suffix))
    .map(({ name }) => name)
    .toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name) => join(directory, name));
}

/** What a file says of `[table] key`, with the strings apart from `{append = true}`; undefined if it does not. */
export interface ListSetting {
  readonly values: readonly string[];
  readonly append: boolean | undefined;
}

/** @throws ToolError `install` for what the engine could not read either */
export function listSetting(
  { path, text }: SettingsFile,
  keys: readonly string[],
): ListSetting | undefined {
  let value: unknown = parseToml(path, text);
  for (const key of keys) value = member(value, key);
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw unexpected(path, keys, value);
  const items: readonly unknown[] = value;
  const attributes = items.filter(isObject).map((table) => member(table, 'append'));
  const values = items.filter((item) => typeof item === 'string');
  if (values.length + attributes.length !== items.length) throw unexpected(path, keys, value);
  const append = attributes.at(-1);
  return { values, append: typeof append === 'boolean' ? append : undefined };
}

function parseToml(path: string, text: string): unknown {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (cause) {
    const reason = cause instanceof Error ? (cause.message.split('\n', 1)[0] ?? '') : '';
    throw new ToolError('install', `${JSON.stringify(path)}: ${reason}`, { cause });
  }
}

/** Go's decoders fall back on a name that differs by case alone (github.com/BurntSushi/toml, decode.go). */
function member(value: unknown, key: string): unknown {
  if (!isObject(value)) return undefined;
  if (Object.hasOwn(value, key)) return value[key];
  const alike = Object.keys(value).find((name) => name.toLowerCase() === key);
  return alike === undefined ? undefined : value[alike];
}

function unexpected(path: string, keys: readonly string[], value: unknown): ToolError {
  const found = JSON.stringify(value);
  const where = `${JSON.stringify(path)}: ${keys.join('.')}`;
  return new ToolError('install', `${where}: expected a list of strings, found ${found}`);
}
