/** containerd: `base_runtime_spec` of each handler of its CRI that starts an OCI runtime. */
import { accessSync, constants, existsSync, readdirSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { ToolError } from '#tools/errors';
import type { EngineInstaller, EngineOptions, EnginePlan } from '#tools/install/engine-plan';
import { changeOf, type FileChange, isChange, readText } from '#tools/install/file-change';
import { hookCommand } from '#tools/install/hook-command';
import type { Host } from '#tools/install/host';
import { BASE_SPEC } from '#tools/install/own-places';
import { askedPlacement } from './asked-placement.ts';
import { isOurs } from './base-spec-key.ts';
import { makeBaseSpecs } from './base-specs.ts';
import { MAIN_FILE, readConfiguration } from './configuration-files.ts';
import { DROP_IN_DIRECTORIES, DROP_IN_NAME } from './drop-in.ts';
import { findInstallation, type Installation } from './installation.ts';
import { notesOf, restartNote } from './notes.ts';
import { ownFile } from './own-file.ts';
import { findService, UNIT, UNIT_DROP_IN, unitDropIn } from './service.ts';
import { withoutBaseSpecs } from './take-base-specs.ts';

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
  requireWritable(changes);
  return { changes, notes: notesOf(host, installation, placed), restart: RESTART };
}

/** Before anything is changed. @throws ToolError `install` for what is on a read-only file system (NixOS, Flatcar's own default) */
function requireWritable(changes: readonly FileChange[]): void {
  for (const { path } of changes.filter(isChange)) {
    let directory = dirname(path);
    while (!existsSync(directory)) directory = dirname(directory);
    try {
      accessSync(directory, constants.W_OK);
    } catch (cause) {
      throw new ToolError('install', `cannot write in ${JSON.stringify(directory)}`, {
        hint: "copy containerd's configuration to where it can be written, and have containerd take that (--config)",
        cause,
      });
    }
  }
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
  const main = mainFile(host);
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

function mainFile(host: Host): string {
  return ifTold(() => findService(host)?.configuration) ?? MAIN_FILE;
}

function importedBy(host: Host, main: string): readonly string[] {
  return ifTold(() => readConfiguration(host, main).map(({ path }) => path)) ?? [];
}

/** What cannot be told is no reason to leave what can be taken away: what was changed is on record besides. */
function ifTold<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof ToolError) return undefined;
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
