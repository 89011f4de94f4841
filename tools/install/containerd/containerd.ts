/** containerd: `base_runtime_spec` of each handler of its CRI that starts an OCI runtime. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ToolError } from '#tools/errors';
import type { EngineInstaller, EngineOptions, EnginePlan } from '#tools/install/engine-plan';
import { changeOf, type FileChange, readText } from '#tools/install/file-change';
import { hookCommand } from '#tools/install/hook-command';
import type { Host } from '#tools/install/host';
import { BASE_SPEC } from '#tools/install/own-places';
import { askedPlacement } from './asked-placement.ts';
import { isOurs, withoutBaseSpecs } from './base-spec-key.ts';
import { makeBaseSpecs } from './base-specs.ts';
import { MAIN_FILE, readConfiguration } from './configuration-files.ts';
import { DROP_IN_DIRECTORIES, DROP_IN_NAME } from './drop-in.ts';
import { findInstallation, type Installation } from './installation.ts';
import { notesOf, restartNote } from './notes.ts';
import { ownFile } from './own-file.ts';
import { findService, UNIT, UNIT_DROP_IN, unitDropIn } from './service.ts';

const RESTART = { unit: UNIT, action: 'restart' } as const;

export const containerd: EngineInstaller = { install, uninstall };

async function install(host: Host, options: EngineOptions): Promise<EnginePlan> {
  const installation = await findInstallation(host);
  const { placed, texts } = await askedPlacement(installation);
  const specs = await makeBaseSpecs(host, installation.programs, placed, hookCommand(options));
  const changes = [
    ...specs.map(({ path, text }) => ownFile(host, path, text)),
    ...texts.map(({ path, text }) => changeOf(host.at(path), text)),
    ...withdrawn(
      host,
      installation,
      [...texts, ...specs].map(({ path }) => path),
    ),
    ...unitChange(host, installation, options.executable),
  ];
  return { changes, notes: notesOf(host, installation, placed), restart: RESTART };
}

/** What an earlier installation put elsewhere. */
function withdrawn(host: Host, { files }: Installation, used: readonly string[]): FileChange[] {
  return [
    ...files
      .filter(({ path }) => !used.includes(path))
      .map(({ path, text }) => changeOf(host.at(path), text)),
    ...dropInsOf(
      host,
      files.flatMap(({ imports }) => imports.map((item) => dirname(item))),
    )
      .filter((path) => !used.includes(path))
      .map((path) => ownFile(host, path, undefined)),
    ...baseSpecsOf(host)
      .filter((path) => !used.includes(path))
      .map((path) => ownFile(host, path, undefined)),
  ];
}

function unitChange(
  host: Host,
  { service, hasSystemd }: Installation,
  executable: string,
): FileChange[] {
  if (!hasSystemd || service === undefined) return [];
  return [ownFile(host, UNIT_DROP_IN, unitDropIn(executable))];
}

async function uninstall(host: Host, recorded: readonly string[]): Promise<EnginePlan> {
  const main = findService(host)?.configuration ?? MAIN_FILE;
  const configurations = new Set([main, MAIN_FILE, ...recorded.filter(isConfiguration)]);
  for (const path of importedBy(host, main)) configurations.add(path);
  const directories = [...configurations].map((path) => dirname(path));
  const changes = [
    ...dropInsOf(host, directories).map((path) => ownFile(host, path, undefined)),
    ...[...configurations].flatMap((path) => restored(host, path)),
    ...baseSpecsOf(host).map((path) => ownFile(host, path, undefined)),
    ownFile(host, UNIT_DROP_IN, undefined),
  ];
  const isThere = changes.some(({ before }) => before !== undefined);
  return { changes, notes: isThere ? [restartNote('uninstall')] : [], restart: RESTART };
}

function isConfiguration(path: string): boolean {
  return path.endsWith('.toml') && basename(path) !== DROP_IN_NAME;
}

/** Whatever can be told: a configuration that cannot be read is no reason to leave what can be taken away. */
function importedBy(host: Host, main: string): string[] {
  try {
    return readConfiguration(host, main).map(({ path }) => path);
  } catch (error) {
    if (error instanceof ToolError) return [];
    throw error;
  }
}

function restored(host: Host, path: string): FileChange[] {
  const place = host.at(path);
  const text = readText(place);
  if (text === undefined) return [];
  return [changeOf(place, withoutBaseSpecs(text, path))];
}

function dropInsOf(host: Host, directories: readonly string[]): string[] {
  const paths = [...DROP_IN_DIRECTORIES, ...directories]
    .filter((directory) => directory.startsWith('/') && !directory.includes('*'))
    .map((directory) => `${directory}/${DROP_IN_NAME}`);
  return [...new Set(paths)].filter((path) => existsSync(host.at(path)));
}

function baseSpecsOf(host: Host): string[] {
  const directory = dirname(BASE_SPEC);
  const place = host.at(directory);
  if (!existsSync(place)) return [];
  return readdirSync(place)
    .map((name) => `${directory}/${name}`)
    .filter(isOurs)
    .toSorted();
}
