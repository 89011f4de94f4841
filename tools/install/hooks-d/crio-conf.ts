/** The hooks directories that CRI-O reads: crio.conf(5), crio.conf.d(5). */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Host } from '#tools/install/host';
import { HOOKS_DIRECTORY } from '#tools/install/own-places';
import type { HooksDirectories } from './directory-choice.ts';
import { listSetting, readSettings, type SettingsFile } from './toml-settings.ts';

const MAIN = '/etc/crio/crio.conf';
export const CRIO_DROP_INS = '/etc/crio/crio.conf.d';
const KEY = ['crio', 'runtime', 'hooks_dir'];

/**
 * @param dropIn a file that is to be there
 * @throws ToolError `install` for files that CRI-O could not read either
 */
export function crioHooksDirectories(host: Host, dropIn?: SettingsFile): HooksDirectories {
  const paths = walk(host, CRIO_DROP_INS).filter((path) => path !== dropIn?.path);
  if (dropIn !== undefined) paths.push(dropIn.path);
  let directories: HooksDirectories = [HOOKS_DIRECTORY];
  for (const path of [MAIN, ...paths.toSorted(orderOfWalk)]) {
    const file = path === dropIn?.path ? dropIn : readSettings(host, path);
    const setting = file === undefined ? undefined : listSetting(file, KEY);
    if (setting !== undefined) directories = setting.values;
  }
  return directories;
}

/** Every file, whatever its name, directories below included (pkg/config/config.go UpdateFromPath). */
function walk(host: Host, directory: string): string[] {
  const here = host.at(directory);
  if (!existsSync(here)) return [];
  return readdirSync(here, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return entry.isDirectory() ? walk(host, path) : [path];
  });
}

/** Go's filepath.Walk: by the names of each directory. */
function orderOfWalk(a: string, b: string): number {
  const [one, other] = [a.replaceAll('/', '\0'), b.replaceAll('/', '\0')];
  return Buffer.compare(Buffer.from(one), Buffer.from(other));
}
