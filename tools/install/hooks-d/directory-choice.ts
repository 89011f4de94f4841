/** In which of the directories that an engine reads the hooks file belongs. */
import { existsSync, readdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { ToolError } from '#tools/errors';
import { canWriteAt, isOfRootAlone } from '#tools/install/executable';
import { readText } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';
import { HOOKS_DIRECTORY, HOOKS_FILE_NAME, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import { isOurHooksFile, startsTheHook } from './hooks-file.ts';

/** Host paths, the one whose files mask those of the others last. */
export type HooksDirectories = readonly string[];

/** Empty when the machine starts. */
const VOLATILE = /^\/(?:run|tmp|dev|proc|sys|var\/run|var\/tmp)(?:\/|$)/;

/**
 * One that is read whichever of the lists is in force; undefined if there is none. Where our file is already, it stays.
 *
 * @param lists more than one where it cannot be known which rules an engine reads its configuration by
 */
export function chooseDirectory(
  host: Host,
  lists: readonly HooksDirectories[],
): string | undefined {
  const [first = [], ...rest] = lists;
  const read = first.filter((directory) => rest.every((list) => list.includes(directory)));
  const ranked = [
    ...read.filter((directory) => hasOurFile(host, directory)),
    ...[HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY].filter((directory) => read.includes(directory)),
    ...read.toReversed(),
  ];
  return ranked.find((directory) => isUsable(host, directory));
}

export function hasOurFile(host: Host, directory: string): boolean {
  const text = readText(hooksFileIn(host, directory));
  return text !== undefined && isOurHooksFile(text);
}

/** Here. */
export function hooksFileIn(host: Host, directory: string): string {
  return host.at(join(directory, HOOKS_FILE_NAME));
}

/**
 * A file of somebody else that would have the hook called twice, mask ours, or be left with nothing to start.
 *
 * @throws ToolError `install`
 */
export function refuseOthers(host: Host, directories: HooksDirectories): void {
  for (const directory of new Set(directories.filter(isAbsolute))) {
    for (const { path, text } of jsonFiles(host, directory)) {
      if (isOurHooksFile(text)) continue;
      if (!startsTheHook(path, text) && !path.endsWith(`/${HOOKS_FILE_NAME}`)) continue;
      throw new ToolError(
        'install',
        `${JSON.stringify(path)} starts the hook, or goes by the name of the file that does, and was not made by an installation`,
        { hint: 'take it away first, or keep it and do without `install`' },
      );
    }
  }
}

function jsonFiles(host: Host, directory: string): readonly { path: string; text: string }[] {
  const here = host.at(directory);
  // Engines take a missing directory for an empty one.
  if (!existsSync(here)) return [];
  const names = readdirSync(here).filter((name) => name.endsWith('.json'));
  return names.map((name) => ({
    path: join(here, name),
    text: textOf(host.at(join(directory, name))),
  }));
}

/** Whatever may be there; engines complain of it, if it is to be complained of. */
function textOf(path: string): string {
  try {
    return readText(path) ?? '';
  } catch (error) {
    if (error instanceof ToolError) return '';
    throw error;
  }
}

function isUsable(host: Host, directory: string): boolean {
  if (!isAbsolute(directory) || VOLATILE.test(directory)) return false;
  const here = host.at(directory);
  return canWriteAt(here) && isOfRootAlone(host, here);
}
