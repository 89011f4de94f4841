/** Whether podman's next container calls the hook, as podman itself tells. It has no daemon: every start reads all there is to read. */
import { isRoot } from '#digest/thread-credentials';
import { HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';
import { callsHook, checkHooksDirectories } from './hooks-directories.ts';
import { checkOwned, filesIn } from './owned-files.ts';
import { formatMode } from './ownership.ts';
import { findProgram, runProgram } from './programs.ts';
import { checkRuntime } from './runtimes.ts';

const CHECK = 'engine';
const EXPECTED = 'podman, and the hooks directories that it reads';
/** containers.conf(5), of root. */
const CONFIGURATION = ['/usr/share/containers/containers.conf', '/etc/containers/containers.conf'];
const DROP_INS = ['/etc/containers/containers.conf.d', '/etc/containers/containers.rootful.conf.d'];
const USUAL_UMASK = 0o022;

export async function checkPodman(setup: EngineSetup): Promise<readonly Finding[]> {
  const path = findProgram('podman', setup.programs);
  if (path === undefined) return [];
  const [help, info] = await Promise.all([
    runProgram(path, ['--help']),
    runProgram(path, ['info', '--format', 'json']),
  ]);
  const refusal = /level=error msg="?(.*?)"?$/m.exec(help.stderr)?.[1];
  if (help.exitCode !== 0 || refusal !== undefined) {
    const found = `${path} does not run: ${refusal ?? help.failure ?? `exit code ${help.exitCode}`}`;
    return [problem(CHECK, found, EXPECTED, 'mend what podman says')];
  }
  const directories = hooksDirectoriesIn(help.stdout);
  const hooks = checkHooksDirectories({
    ...setup,
    directories: directories ?? [HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY],
    mend: 'oci-measure install podman',
  });
  const { version = 'of unknown version', runtime } = isRoot() ? readInfo(info.stdout) : {};
  return [
    directories === undefined
      ? warning(
          CHECK,
          `${path} ${version} does not tell its hooks directories: taken for the usual ones`,
          EXPECTED,
          'see hooks_dir in containers.conf',
        )
      : ok(CHECK, `${path} ${version} reads ${directories.join(' and ')}`, EXPECTED),
    ...(runtime === undefined
      ? [notTold(path, info.stderr || (info.failure ?? ''))]
      : [await checkRuntime(runtime.path, runtime.name)]),
    ...hooks,
    ...(callsHook(hooks) ? checkClasses(setup) : []),
    ...checkOwned([path, ...CONFIGURATION, ...DROP_INS.flatMap(filesIn)]),
    ...checkUmask(process.umask()),
  ];
}

/**
 * The effective list is the default of a flag: `--hooks-dir strings  Set … (default [/a,"/b, c"])`. An empty one, which is not shown, means
 * both directories. Undefined where there is no such flag.
 */
export function hooksDirectoriesIn(help: string): readonly string[] | undefined {
  const line = /^\s*--hooks-dir .*$/m.exec(help)?.[0];
  if (line === undefined) return undefined;
  const list = /\(default \[(.*)\]\)\s*$/.exec(line)?.[1];
  return list === undefined ? [HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY] : parseCsv(list);
}

/** One record, as Go's encoding/csv writes it. */
function parseCsv(record: string): readonly string[] {
  const fields = record.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g);
  return [...fields].map(([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain);
}

interface Info {
  readonly version?: string;
  readonly runtime?: { readonly name: string; readonly path: string };
}

function readInfo(text: string): Info {
  try {
    const { host, version }: PodmanInfo = JSON.parse(text);
    const { name, path } = host?.ociRuntime ?? {};
    return {
      ...(typeof version?.Version === 'string' ? { version: version.Version } : {}),
      ...(typeof name === 'string' && typeof path === 'string' ? { runtime: { name, path } } : {}),
    };
  } catch {
    return {};
  }
}

interface PodmanInfo {
  readonly host?: { readonly ociRuntime?: { readonly name?: unknown; readonly path?: unknown } };
  readonly version?: { readonly Version?: unknown };
}

/** To an ordinary user podman tells about that user's containers. */
function notTold(path: string, reason: string): Finding {
  const expected = 'podman tells which runtime it starts';
  const told = reason.trim().split('\n').at(-1) ?? 'no answer';
  if (!isRoot()) return notSeen(CHECK, 'which runtime podman starts for root', expected, told);
  return problem(CHECK, `${path} info: ${told}`, expected, 'mend what podman says');
}

/** Ordinary users' podman reads root's hooks directories, too, and so does a build. */
export function checkClasses({ classes }: Pick<EngineSetup, 'classes'>): readonly Finding[] {
  const expected = 'users and builds whose containers start';
  const denials = [
    classes?.rootless === 'skip' || classes === undefined
      ? undefined
      : `classes.rootless is "${classes.rootless}": where users have no TPM in reach, none of their containers starts`,
    classes?.build === 'deny'
      ? 'classes.build is "deny": no RUN step of podman build and buildah starts'
      : undefined,
  ].filter((denial) => denial !== undefined);
  const mend = 'set "skip" under [classes], if that is not meant';
  return denials.map((found) => warning('classes', found, expected, mend));
}

/** podman gives a directory that no layer lists a mode by the umask of whoever pulls the image. */
function checkUmask(umask: number): readonly Finding[] {
  if (umask === USUAL_UMASK) return [];
  const found = `the umask here is ${formatMode(umask)}: images that podman pulls under it may have other digests`;
  return [warning('umask', found, 'umask 0022', 'umask 022, before `podman pull`')];
}
