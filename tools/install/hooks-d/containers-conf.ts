/** The hooks directories that a podman of root reads: containers.conf(5), by the rules of each release. */
import { basename } from 'node:path';
import type { Host } from '#tools/install/host';
import { HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import type { HooksDirectories } from './directory-choice.ts';
import { listSetting, namesIn, readSettings, type SettingsFile } from './toml-settings.ts';

const VENDOR = '/usr/share/containers/containers';
const SITE = '/etc/containers/containers';
/** Of root itself; `HOME` is not asked, since what matters is the podman of services. */
const OWN = '/root/.config/containers/containers';
const KEY = ['engine', 'hooks_dir'];

/** A file that is to be there. */
type DropIn = SettingsFile | undefined;

/**
 * One list for each set of rules that the podman may have.
 *
 * @param major of its version; undefined where nobody can be asked
 * @throws ToolError `install` for files that podman could not read either
 */
export function podmanHooksDirectories(
  host: Host,
  major: number | undefined,
  dropIn?: DropIn,
): readonly HooksDirectories[] {
  const merged = [mergedFiles(host, false), mergedFiles(host, true)];
  const single = [singleFiles(host)];
  const possible = major === undefined ? [...merged, ...single] : major < 6 ? merged : single;
  return possible.map((paths) => directoriesOf(host, paths(dropIn)));
}

type Files = (dropIn: DropIn) => readonly (string | SettingsFile)[];

/** Before 6 (containers/common, pkg/config/new.go): all of them, one over the other; root's own not in all releases. */
function mergedFiles(host: Host, hasOwn: boolean): Files {
  return (dropIn) => {
    const site = withDropIn(namesIn(host, `${SITE}.conf.d`, '.conf'), dropIn);
    const own = [`${OWN}.conf`, ...namesIn(host, `${OWN}.conf.d`, '.conf')];
    return [`${VENDOR}.conf`, `${SITE}.conf`, ...site, ...(hasOwn ? own : [])];
  };
}

/**
 * From 6 on (container-libs, storage/pkg/configfile/parse.go): one main file, the nearest to the user; then drop-ins in the order of their
 * names, of which one hides those of the same name in directories before its own.
 */
function singleFiles(host: Host): Files {
  return (dropIn) => {
    const main = [OWN, SITE, VENDOR].map((path) => `${path}.conf`);
    const found = main.find((path) => readSettings(host, path) !== undefined);
    const directories = [VENDOR, SITE].flatMap((path) => [
      `${path}.conf.d`,
      `${path}.rootful.conf.d`,
    ]);
    const byName = new Map<string, string | SettingsFile>();
    for (const directory of [...directories, `${OWN}.conf.d`]) {
      for (const path of namesIn(host, directory, '.conf')) byName.set(basename(path), path);
      if (dropIn !== undefined && directory === `${SITE}.conf.d`) {
        byName.set(basename(dropIn.path), dropIn);
      }
    }
    const dropIns = [...byName].toSorted(([a], [b]) => order(a, b)).map(([, file]) => file);
    return [...(found === undefined ? [] : [found]), ...dropIns];
  };
}

function withDropIn(paths: readonly string[], dropIn: DropIn): readonly (string | SettingsFile)[] {
  if (dropIn === undefined) return paths;
  const others = paths.filter((path) => path !== dropIn.path);
  const at = others.filter((path) => order(path, dropIn.path) < 0).length;
  return others.toSpliced(at, 0, dropIn.path).map((path) => (path === dropIn.path ? dropIn : path));
}

function order(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

function directoriesOf(host: Host, files: readonly (string | SettingsFile)[]): HooksDirectories {
  let directories: HooksDirectories = [HOOKS_DIRECTORY];
  let append = false;
  for (const file of files) {
    const settings = typeof file === 'string' ? readSettings(host, file) : file;
    const setting = settings === undefined ? undefined : listSetting(settings, KEY);
    if (setting === undefined) continue;
    // Once said, it holds for the files after it, too (pkg/attributedstring).
    append = setting.append ?? append;
    directories = append ? [...directories, ...setting.values] : setting.values;
  }
  // libpod/container_internal.go: an empty list is as good as none.
  return directories.length > 0 ? directories : [HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY];
}
