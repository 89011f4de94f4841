/** For engines that read hooks directories: one file in one of them. */
import { existsSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { defaultConfigPath } from '#hook/input/config';
import { ToolError } from '#tools/errors';
import type { EngineOptions, EnginePlan, Restart } from '#tools/install/engine-plan';
import { changeOf, type FileChange, readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';
import { HOOKS_DIRECTORY, HOOKS_FILE_NAME, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import {
  chooseDirectory,
  type HooksDirectories,
  hasOurFile,
  hooksFileIn,
  refuseOthers,
} from './directory-choice.ts';
import { dropInText, withoutOurs } from './drop-in.ts';
import { hooksFileText } from './hooks-file.ts';
import type { SettingsFile } from './toml-settings.ts';

export interface HooksEngine {
  readonly name: string;
  /** What it reads now, or with one more file; a list for each set of rules that it may go by. */
  readonly directories: (dropIn?: SettingsFile) => readonly HooksDirectories[];
  readonly dropIn: {
    /** Host paths. */
    readonly path: string;
    readonly makeIn?: string;
    /** The table of `hooks_dir`. */
    readonly table: string;
  };
  /** What has the engine read its configuration, as opposed to hooks directories, again. */
  readonly restart?: Restart;
  readonly notes: readonly string[];
}

/** @throws ToolError `install` */
export function planHooksFile(host: Host, options: EngineOptions, engine: HooksEngine): EnginePlan {
  requireReadable(host, options);
  const lists = engine.directories();
  refuseOthers(host, lists.flat());
  const text = hooksFileText(options);
  const directory = chooseDirectory(host, lists);
  if (directory !== undefined) {
    return {
      changes: [changeOf(hooksFileIn(host, directory), text)],
      notes: [...directoryNotes(directory), ...engine.notes],
    };
  }
  const dropIn = planDropIn(host, engine, lists);
  refuseOthers(host, [SITE_HOOKS_DIRECTORY]);
  return {
    changes: [changeOf(hooksFileIn(host, SITE_HOOKS_DIRECTORY), text), dropIn],
    notes: [
      `none of ${lists.flat().join(', ')} can be written: ${host.nameOf(dropIn.path)} has ${engine.name} read ${SITE_HOOKS_DIRECTORY}, too`,
      ...engine.notes,
    ],
    ...(engine.restart === undefined ? {} : { restart: engine.restart }),
  };
}

/** @throws ToolError `install` if it would not come into force */
function planDropIn(
  host: Host,
  { name, directories, dropIn: { path, makeIn, table } }: HooksEngine,
  lists: readonly HooksDirectories[],
): FileChange {
  const there = readText(host.at(path));
  if (there !== undefined && withoutOurs(there) === there) {
    throw new ToolError('install', `${JSON.stringify(path)} is there, and not of oci-measure`);
  }
  const wanted = [...new Set([...lists.flat(), SITE_HOOKS_DIRECTORY])];
  const text = dropInText(table, wanted);
  const isInForce = directories({ path, text }).every((list) =>
    wanted.every((directory) => list.includes(directory)),
  );
  if (!isInForce) {
    throw new ToolError('install', `${name} reads none of its hooks directories for certain`, {
      details: lists.map((list) => `hooks_dir = ${JSON.stringify(list)}`),
      hint: `add ${JSON.stringify(SITE_HOOKS_DIRECTORY)} to hooks_dir where it is set`,
    });
  }
  return changeOf(host.at(path), text, inPlace(host, makeIn));
}

/** @param recorded host paths */
export function planRemoval(
  host: Host,
  recorded: readonly string[],
  engine: HooksEngine,
): EnginePlan {
  const { path, makeIn } = engine.dropIn;
  const known = recorded.filter((file) => file.endsWith(`/${HOOKS_FILE_NAME}`)).map(dirname);
  const read = readDirectories(engine);
  const directories = new Set([...known, ...read, HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY]);
  refuseOthers(host, read);
  const files = [...directories]
    .filter((directory) => isAbsolute(directory) && hasOurFile(host, directory))
    .map((directory) => changeOf(hooksFileIn(host, directory), undefined));
  const text = readText(host.at(path));
  const rest = text === undefined ? undefined : withoutOurs(text);
  // What a killed installation left where it is made goes with it, so that it is told of even if it is not there.
  const dropIn = changeOf(host.at(path), rest, inPlace(host, makeIn));
  const isOrWasThere = rest !== text || recorded.includes(host.nameOf(dropIn.path));
  return {
    changes: [dropIn, ...files],
    notes: [],
    ...(engine.restart === undefined || !isOrWasThere ? {} : { restart: engine.restart }),
  };
}

function inPlace(host: Host, makeIn: string | undefined): Pick<FileChange, 'makeIn'> {
  return makeIn === undefined ? {} : { makeIn: host.at(makeIn) };
}

/** As far as they can be told: a removal has to be possible in any case. */
function readDirectories({ directories }: HooksEngine): HooksDirectories {
  try {
    return directories().flat();
  } catch (error) {
    if (error instanceof ToolError) return [];
    throw error;
  }
}

function directoryNotes(directory: string): readonly string[] {
  if (directory === HOOKS_DIRECTORY) return [];
  return [`hooks_dir is set: the file goes to ${directory}, which is read`];
}

/**
 * The podman of an ordinary user reads the same directory: the hook has to start there, too, and to find out that it is to do nothing.
 *
 * @throws ToolError `install`
 */
function requireReadable(host: Host, { config, executable }: EngineOptions): void {
  const file = config ?? defaultConfigPath;
  for (const path of [file, dirname(executable)]) {
    for (let place = path; place !== '/'; place = dirname(place)) {
      const here = host.at(place);
      if (!existsSync(here)) continue;
      const { mode } = statSync(here);
      const needed = place === file ? 0o4 : 0o1;
      if ((mode & needed) === needed) continue;
      const right = needed === 0o4 ? 'read' : 'enter';
      throw new ToolError(
        'install',
        `not everybody can ${right} ${JSON.stringify(here)}: containers of ordinary users would no longer start`,
        { hint: `chmod o+${needed === 0o4 ? 'r' : 'x'} ${here}` },
      );
    }
  }
}

/** Last in the order of names, as a file that overrides others has to be. */
export function dropInPath(directory: string): string {
  return join(directory, 'zz-oci-measure.conf');
}
