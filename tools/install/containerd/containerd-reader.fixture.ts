/** What containerd makes of its files, as LoadConfig of its releases has it; written for the tests, apart from what is tested. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import type { Host } from '#tools/install/host';
import type { NewText } from './place-base-specs.ts';

/** @param changed in place of, or beside, what the host has */
export function effective(
  host: Host,
  main: string,
  major: 1 | 2,
  changed: readonly NewText[],
): TomlTable {
  const merged: TomlTable = {};
  const pending = [main];
  const seen = new Set<string>();
  for (const path of pending) {
    if (seen.has(path)) continue;
    seen.add(path);
    const document = parse(textOf(host, path, changed));
    const { imports: value } = document;
    const imports = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
    delete document['imports'];
    const plugins = document['plugins'];
    if (major === 1 && isTable(plugins) && isTable(merged['plugins'])) {
      // Each plugin's table takes the place of an earlier file's.
      for (const name of Object.keys(plugins)) delete merged['plugins'][name];
    }
    merge(merged, document);
    for (const item of imports) pending.push(...resolve(host, dirname(path), item, changed));
  }
  return merged;
}

/** Gives a handler a base spec, and the type that it has by default where nothing gives it one. */
export function giveBaseSpec(document: TomlTable, name: string, baseSpec: string): void {
  const table = handlerTable(document, name);
  table['base_runtime_spec'] = baseSpec;
}

export function giveDefaultType(document: TomlTable): void {
  if (!hasCri(document)) return;
  handlerTable(document, 'runc')['runtime_type'] ??= 'io.containerd.runc.v2';
}

function hasCri(document: TomlTable): boolean {
  const plugins = document['plugins'];
  return isTable(plugins) && isTable(plugins[criName(document)]);
}

function criName(document: TomlTable): string {
  const version = Number(document['version'] ?? 1);
  if (version === 1) return 'cri';
  return version === 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.runtime';
}

function handlerTable(document: TomlTable, name: string): TomlTable {
  const path = ['plugins', criName(document), 'containerd'];
  if (name !== 'default_runtime') path.push('runtimes');
  let table = document;
  for (const key of [...path, name]) {
    const next: TomlTable = isTable(table[key]) ? table[key] : {};
    table[key] = next;
    table = next;
  }
  return table;
}

function textOf(host: Host, path: string, changed: readonly NewText[]): string {
  return changed.find((one) => one.path === path)?.text ?? readFileSync(host.at(path), 'utf8');
}

function resolve(host: Host, beside: string, item: string, changed: readonly NewText[]): string[] {
  if (!item.includes('*')) return [join(item.startsWith('/') ? '/' : beside, item)];
  const directory = dirname(item);
  const there = existsSync(host.at(directory)) ? readdirSync(host.at(directory)) : [];
  const added = changed.filter(({ path }) => dirname(path) === directory);
  const names = [...there.map((name) => join(directory, name)), ...added.map(({ path }) => path)];
  return [...new Set(names)].filter((path) => path.endsWith('.toml')).toSorted();
}

function merge(into: TomlTable, from: TomlTable): void {
  for (const [key, value] of Object.entries(from)) {
    const there = into[key];
    if (isTable(there) && isTable(value)) merge(there, value);
    else into[key] = value;
  }
}

function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && !('toISOString' in value);
}
