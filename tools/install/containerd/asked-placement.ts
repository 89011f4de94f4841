/** Where the base specs are named, proved by containerd's own reading of it where containerd can be asked. */
import { isDeepStrictEqual } from 'node:util';
import type { TomlTable, TomlValue } from 'smol-toml';
import { stringify } from 'smol-toml';
import { ToolError } from '#tools/errors';
import { baseSpecPath } from './base-spec.ts';
import { KEY } from './base-spec-key.ts';
import { effectiveConfiguration, type Programs } from './engine.ts';
import { criPlugin, findHandlers, isRunc, isTable, OTHER_TABLES, tableAt } from './handlers.ts';
import type { Installation } from './installation.ts';
import { type NewText, type Placed, placeBaseSpecs, type Settings } from './place-base-specs.ts';

export interface Placement {
  readonly placed: readonly Placed[];
  readonly texts: readonly NewText[];
}

/** @throws ToolError `install` if containerd would not read from it what was meant */
export async function askedPlacement(installation: Installation): Promise<Placement> {
  const { programs, files, mergesTables } = installation;
  const before =
    programs === undefined
      ? undefined
      : await effectiveConfiguration(programs, filesOf(installation));
  const placed = findHandlers(files, mergesTables)
    .handlers.filter(isRunc)
    .map((handler): Placed => {
      const baseSpec = baseSpecPath(handler.baseSpec);
      // Where tables are merged, a default that is not written stays one.
      const isKept = before !== undefined && mergesTables === false;
      const settings = isKept ? settingsOf(runtimesOf(before)[handler.name]) : undefined;
      return { handler, baseSpec, ...(settings === undefined ? {} : { settings }) };
    });
  if (placed.length === 0) {
    throw new ToolError('install', 'no runtime handler of containerd starts an OCI runtime');
  }
  const texts = placeBaseSpecs(installation, placed);
  if (programs !== undefined && before !== undefined) {
    await prove(programs, installation, texts, { before, placed });
  }
  return { placed, texts };
}

/** A file that says nothing but its version is as good as none. */
function filesOf({ files, main, newVersion }: Installation): readonly NewText[] {
  return files.length > 0 ? files : [{ path: main, text: `version = ${newVersion}\n` }];
}

interface Wanted {
  readonly before: TomlTable;
  readonly placed: readonly Placed[];
}

async function prove(
  programs: Programs,
  { files }: Installation,
  texts: readonly NewText[],
  { before, placed }: Wanted,
): Promise<void> {
  const changed = files.map(
    ({ path, text }) => texts.find((item) => item.path === path) ?? { path, text },
  );
  const added = texts.filter(({ path }) => !files.some((file) => file.path === path));
  const after = await effectiveConfiguration(programs, [...changed, ...added]);
  const runtimes = runtimesOf(after);
  for (const [name, runtime] of Object.entries(runtimes)) {
    const item = placed.find(({ handler }) => handler.name === name);
    if (item === undefined || !isTable(runtime)) continue;
    if (runtime[KEY] !== item.baseSpec) {
      throw new ToolError(
        'install',
        `containerd would not read ${KEY} of ${JSON.stringify(name)}`,
        {
          details: [`expected ${item.baseSpec}, found ${JSON.stringify(runtime[KEY])}`],
        },
      );
    }
    runtime[KEY] = '';
  }
  for (const runtime of Object.values(runtimesOf(before))) if (isTable(runtime)) runtime[KEY] = '';
  for (const document of [before, after]) delete document['imports'];
  if (isDeepStrictEqual(comparable(before), comparable(after))) return;
  throw new ToolError('install', 'containerd would read other settings than before', {
    hint: 'nothing was changed; please report the configuration',
  });
}

/** Without what is empty: whether a default is written out makes no difference. */
function comparable(value: TomlValue): unknown {
  if (!isTable(value)) return value;
  const entries = Object.entries(value)
    .map(([key, inside]): [string, unknown] => [key, comparable(inside)])
    .filter(([, inside]) => !isEmpty(inside));
  return Object.fromEntries(entries);
}

function isEmpty(value: unknown): boolean {
  if (value === '' || value === 0 || value === false) return true;
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0;
}

/** By name; those of containerd 1.x that have a table of their own by that table's. */
function runtimesOf(document: TomlTable): TomlTable {
  for (const version of [3, 2]) {
    const cri = tableAt(document, ['plugins', criPlugin(version), 'containerd']);
    if (!isTable(cri?.['runtimes'])) continue;
    const apart = OTHER_TABLES.flatMap((key) => (isTable(cri[key]) ? [[key, cri[key]]] : []));
    return { ...cri['runtimes'], ...Object.fromEntries(apart) };
  }
  return {};
}

/** What is in force for a handler, as lines: all that containerd would fill in differently once there is a table. */
function settingsOf(runtime: TomlValue | undefined): Settings | undefined {
  if (!isTable(runtime)) return undefined;
  const entries = Object.entries(runtime).filter(([key, value]) => key !== KEY && !isEmpty(value));
  const lines = linesOf(entries.filter(([, value]) => !isTable(value)));
  const tables = entries.flatMap(([key, value]) => {
    const inside = isTable(value)
      ? linesOf(Object.entries(value).filter(([, item]) => !isEmpty(item)))
      : [];
    return inside.length === 0 ? [] : [{ key, lines: inside }];
  });
  return { lines, tables };
}

function linesOf(entries: readonly (readonly [string, TomlValue])[]): string[] {
  return entries
    .filter(([, value]) => !isTable(value))
    .flatMap(([key, value]) =>
      stringify({ [key]: value })
        .trim()
        .split('\n'),
    );
}
