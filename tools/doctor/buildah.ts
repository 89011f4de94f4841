/** buildah starts a container for each RUN step of a build, which is no container of an image yet. */
import { HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY } from '#tools/install/own-places';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, ok, warning } from './finding.ts';
import { checkHooksDirectories } from './hooks-directories.ts';
import { checkClasses } from './podman.ts';
import { findProgram, runProgram } from './programs.ts';

const CHECK = 'engine';

/** Without `--hooks-dir` it reads both directories as root (buildah's run_linux.go); it cannot be asked. */
export async function checkBuildah(setup: EngineSetup): Promise<readonly Finding[]> {
  const path = findProgram('buildah', setup.programs);
  if (path === undefined) return [];
  const expected = 'builds whose RUN steps start';
  const { stdout, exitCode, failure } = await runProgram(path, ['--version']);
  if (exitCode !== 0) {
    const found = `${path} does not run: ${failure ?? `exit code ${exitCode}`}`;
    return [warning(CHECK, found, expected, 'reinstall buildah')];
  }
  const version = /version (\S+)/.exec(stdout)?.[1] ?? 'of unknown version';
  const directories = [HOOKS_DIRECTORY, SITE_HOOKS_DIRECTORY];
  const files = checkHooksDirectories({ ...setup, directories, mend: '' });
  // Whether a build is measured does not matter: its containers are of no image.
  const stopping = files.filter(({ status }) => status === 'problem');
  const policy = setup.classes?.build ?? 'skip';
  const found = `${path} ${version} reads ${directories.join(' and ')}; classes.build is "${policy}"`;
  return [ok(CHECK, found, expected), ...stopping, ...checkClasses({ classes: only(setup) })];
}

/** What concerns users is told for podman. */
function only({ classes }: EngineSetup): EngineSetup['classes'] {
  return classes === undefined ? undefined : { ...classes, rootless: 'skip' };
}
