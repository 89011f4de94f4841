/** Where the configuration names the base specs: a drop-in where containerd merges tables, else the files that speak of the handlers. */
import { isDeepStrictEqual } from 'node:util';
import type { TomlTable } from 'smol-toml';
import { ToolError } from '#tools/errors';
import { type BaseSpecKey, KEY } from './base-spec-key.ts';
import { newConfiguration } from './block.ts';
import { type ConfigurationFile, dropInDirectory } from './configuration-files.ts';
import { DROP_IN_NAME, dropInText } from './drop-in.ts';
import {
  criPlugin,
  DEFAULT_RUNTIME_TYPE,
  type Handler,
  isTable,
  runtimeTable,
} from './handlers.ts';
import { withBaseSpec } from './put-base-spec.ts';
import { type KeyPath, parseDocument } from './toml-file.ts';

/** A handler and what it is to get. */
export interface Placed {
  readonly handler: Handler;
  /** The host's path of our base spec. */
  readonly baseSpec: string;
  /** What a table for it holds besides, where there is none yet; undefined: its type alone. */
  readonly settings?: Settings;
}

export interface Settings {
  readonly lines: readonly string[];
  readonly tables: readonly { readonly key: string; readonly lines: readonly string[] }[];
}

/** A file as it is to be; its path is the host's. */
export interface NewText {
  readonly path: string;
  readonly text: string;
}

export interface Configuration {
  /** The main file's path. */
  readonly main: string;
  /** The main file first; none if it is not there. */
  readonly files: readonly ConfigurationFile[];
  /** Undefined: not known. */
  readonly mergesTables: boolean | undefined;
  /** For a main file that has to be made. */
  readonly newVersion: number;
}

/**
 * @returns the files that change, each meaning what it meant and the base specs besides
 * @throws ToolError `install` if that cannot be
 */
export function placeBaseSpecs(configuration: Configuration, placed: readonly Placed[]): NewText[] {
  const { main, files, newVersion } = configuration;
  if (placed.length === 0) return [];
  if (files[0] === undefined) {
    const keys = placed.map((item) => keyOf(item, runtimeTable(newVersion, item.handler.name)));
    return [{ path: main, text: newConfiguration(newVersion, keys) }];
  }
  const directory = directoryForDropIn(configuration, placed);
  if (directory === undefined) return inPlace(configuration, placed);
  const { version } = files[0];
  const keys = placed.map((item) => keyOf(item, runtimeTable(version, item.handler.name), true));
  return [{ path: `${directory}/${DROP_IN_NAME}`, text: dropInText(version, keys) }];
}

function directoryForDropIn(
  { files, mergesTables }: Configuration,
  placed: readonly Placed[],
): string | undefined {
  const directory = dropInDirectory(files);
  const isOneVersion = files.every(({ version }) => version === files[0]?.version);
  if (mergesTables !== true || directory === undefined || !isOneVersion) return undefined;
  // Whose base spec would come after ours, and win.
  const isLater = ({ path }: ConfigurationFile): boolean =>
    path !== files[0]?.path && !(path < `${directory}/${DROP_IN_NAME}`);
  const wins = placed.some(({ handler: { tables } }) =>
    tables.some(
      ({ file, path, hasBaseSpec }) =>
        (hasBaseSpec && isLater(file)) || path.includes('default_runtime'),
    ),
  );
  return wins ? undefined : directory;
}

function inPlace({ files, mergesTables }: Configuration, placed: readonly Placed[]): NewText[] {
  const texts = new Map<string, string>();
  const keys = new Map<string, BaseSpecKey[]>();
  const add = (file: ConfigurationFile, key: BaseSpecKey): void => {
    texts.set(file.path, withBaseSpec(texts.get(file.path) ?? file.text, file.path, key));
    keys.set(file.path, [...(keys.get(file.path) ?? []), key]);
  };
  for (const item of placed) {
    const { tables } = item.handler;
    const decisive = tables.findLast(({ hasBaseSpec }) => hasBaseSpec) ?? tables.at(-1);
    // Where it is not known how containerd reads several files, each of them is told.
    const chosen = mergesTables === true && decisive !== undefined ? [decisive] : tables;
    for (const { file, path } of chosen) add(file, keyOf(item, path));
    if (tables.length > 0) continue;
    const file = files.findLast(hasCri) ?? files[0];
    if (file !== undefined) add(file, keyOf(item, runtimeTable(file.version, item.handler.name)));
  }
  return files.flatMap((file) => {
    const text = texts.get(file.path);
    if (text === undefined) return [];
    checkMeaning(file, text, keys.get(file.path) ?? []);
    return [{ path: file.path, text }];
  });
}

function hasCri({ document, version }: ConfigurationFile): boolean {
  const plugins = document['plugins'];
  return isTable(plugins) && criPlugin(version) in plugins;
}

/** @param withType for a table in a file of its own: it says what the handler is, too */
function keyOf(
  { handler, baseSpec, settings }: Placed,
  table: KeyPath,
  withType = false,
): BaseSpecKey {
  const type = `runtime_type = ${JSON.stringify(handler.runtimeType ?? DEFAULT_RUNTIME_TYPE)}`;
  const lines = withType ? undefined : settings?.lines;
  return {
    table,
    baseSpec,
    settings: lines ?? [type],
    subTables: withType ? [] : (settings?.tables ?? []),
  };
}

/** The text has to mean what it meant, with our keys and nothing else besides. @throws ToolError `install` */
function checkMeaning(file: ConfigurationFile, text: string, keys: readonly BaseSpecKey[]): void {
  const wanted = parseDocument(file.text);
  for (const key of keys) {
    const settings = parseDocument(tableText(key));
    const there = makeTable(wanted, key.table);
    const isNew =
      !('runtime_type' in there) && 'runtime_type' in makeTable(parseDocument(text), key.table);
    if (isNew) mergeInto(there, settings);
    there[KEY] = key.baseSpec;
  }
  if (isDeepStrictEqual(parseDocument(text), wanted)) return;
  throw new ToolError(
    'install',
    `cannot add to ${JSON.stringify(file.path)} without changing what it means`,
    {
      hint: `write ${KEY} into it by hand`,
    },
  );
}

function tableText({ settings, subTables }: BaseSpecKey): string {
  const tables = subTables.map(({ key, lines }) => `[${key}]\n${lines.join('\n')}`);
  return [...settings, ...tables].join('\n');
}

function makeTable(document: TomlTable, path: KeyPath): TomlTable {
  let table = document;
  for (const key of path) {
    const value = table[key];
    const next: TomlTable = isTable(value) ? value : Object.create(null);
    table[key] = next;
    table = next;
  }
  return table;
}

function mergeInto(table: TomlTable, added: TomlTable): void {
  for (const [key, value] of Object.entries(added)) {
    const there = table[key];
    if (isTable(there) && isTable(value)) mergeInto(there, value);
    else table[key] ??= value;
  }
}
