/** The runtime handlers of containerd's CRI: which there are, and what each is. */
import type { TomlTable, TomlValue } from 'smol-toml';
import { KEY } from './base-spec-key.ts';
import type { ConfigurationFile } from './configuration-files.ts';
import type { KeyPath } from './toml-file.ts';

export interface Handler {
  readonly name: string;
  /** Undefined: no file gives it, and containerd has no default for it. */
  readonly runtimeType: string | undefined;
  /** The site's own, if any. */
  readonly baseSpec: string | undefined;
  /** The files that give it a table, in containerd's order, with the table's path. Empty: containerd's default. */
  readonly tables: readonly HandlerTable[];
}

export interface HandlerTable {
  readonly file: ConfigurationFile;
  readonly path: KeyPath;
  readonly hasBaseSpec: boolean;
}

export interface Handlers {
  readonly handlers: readonly Handler[];
  readonly isCriDisabled: boolean;
}

/** What a site need not write: a handler of this name and type. */
export const DEFAULT_HANDLER = 'runc';
export const DEFAULT_RUNTIME_TYPE = 'io.containerd.runc.v2';
/** That start an OCI runtime, which runs hooks. */
const RUNC_TYPES = [
  DEFAULT_RUNTIME_TYPE,
  'io.containerd.runc.v1',
  'io.containerd.runtime.v1.linux',
];

/** Of containerd 1.x, for handlers called `default` and `untrusted`; empty ones count for nothing. */
export const OTHER_TABLES: readonly string[] = ['default_runtime', 'untrusted_workload_runtime'];

/** The CRI plugin's name in a file of a version. */
export function criPlugin(version: number): string {
  if (version === 1) return 'cri';
  return version === 2 ? 'io.containerd.grpc.v1.cri' : 'io.containerd.cri.v1.runtime';
}

export function isRunc({ runtimeType }: Handler): boolean {
  return runtimeType !== undefined && RUNC_TYPES.includes(runtimeType);
}

/** The path of a handler's table. */
export function runtimeTable(version: number, name: string): KeyPath {
  return ['plugins', criPlugin(version), 'containerd', 'runtimes', name];
}

/**
 * @param files the main file first
 * @param mergesTables whether tables of several files are merged (containerd ≥ 2.0), or the last file's takes the place of the others'.
 *   Undefined: not known; then it is told what either may see
 */
export function findHandlers(
  files: readonly ConfigurationFile[],
  mergesTables: boolean | undefined,
): Handlers {
  const withCri = files.filter((file) => criTable(file) !== undefined);
  const inForce = mergesTables === false ? withCri.slice(-1) : withCri;
  const names = new Map<string, HandlerTable[]>();
  for (const file of inForce) {
    for (const [name, path] of tablesIn(file)) {
      const hasBaseSpec = typeof tableAt(file.document, path)?.[KEY] === 'string';
      names.set(name, [...(names.get(name) ?? []), { file, path, hasBaseSpec }]);
    }
  }
  // containerd 1.x has its own handler only where no file has `runtimes` (seen: 1.6).
  if (mergesTables !== false || !inForce.some(hasRuntimes))
    names.set(DEFAULT_HANDLER, names.get(DEFAULT_HANDLER) ?? []);
  return {
    handlers: [...names].map(([name, tables]) => handlerOf(name, tables)),
    isCriDisabled: files.some(disablesCri),
  };
}

function handlerOf(name: string, tables: readonly HandlerTable[]): Handler {
  const last = (key: string): string | undefined =>
    tables
      .map(({ file, path }) => tableAt(file.document, path)?.[key])
      .findLast((value): value is string => typeof value === 'string' && value !== '');
  const given = last('runtime_type');
  const runtimeType = given ?? (name === DEFAULT_HANDLER ? DEFAULT_RUNTIME_TYPE : undefined);
  return { name, runtimeType, baseSpec: last(KEY), tables };
}

/** Names and paths of the handlers that a file speaks of. */
function tablesIn(file: ConfigurationFile): [string, KeyPath][] {
  const top = ['plugins', criPlugin(file.version), 'containerd'];
  const runtimes = Object.keys(tableAt(file.document, [...top, 'runtimes']) ?? {});
  return [
    ...runtimes.map((name): [string, KeyPath] => [name, [...top, 'runtimes', name]]),
    ...OTHER_TABLES.filter(
      (key) =>
        file.version <= 2 && Boolean(tableAt(file.document, [...top, key])?.['runtime_type']),
    ).map((key): [string, KeyPath] => [key, [...top, key]]),
  ];
}

function hasRuntimes({ document, version }: ConfigurationFile): boolean {
  return tableAt(document, runtimeTable(version, '').slice(0, -1)) !== undefined;
}

function criTable(file: ConfigurationFile): TomlTable | undefined {
  return tableAt(file.document, ['plugins', criPlugin(file.version)]);
}

export function tableAt(document: TomlTable, path: KeyPath): TomlTable | undefined {
  let table: TomlTable | undefined = document;
  for (const key of path) {
    const value: TomlValue | undefined = table?.[key];
    table = isTable(value) ? value : undefined;
  }
  return table;
}

/** The parser's tables have no prototype, dates have one. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && Object.getPrototypeOf(value) === null;
}

function disablesCri({ document }: ConfigurationFile): boolean {
  const disabled = document['disabled_plugins'];
  const names = ['cri', 'io.containerd.grpc.v1.cri', 'io.containerd.cri.v1.runtime'];
  return (
    Array.isArray(disabled) &&
    disabled.some((item) => typeof item === 'string' && names.includes(item))
  );
}
