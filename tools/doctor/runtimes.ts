import { type Finding, ok, problem, warning } from './finding.ts';
import { checkOwned } from './owned-files.ts';
import { findProgram, type ProgramOutput, runProgram, SEARCH_PATH } from './programs.ts';

const CHECK = 'runtime';
const EXPECTED = 'calls createRuntime hooks';

/** The OCI runtimes that engines use, and the first version with createRuntime hooks, of those older than `features`. */
const RUNTIMES: readonly { readonly name: string; readonly since?: string }[] = [
  { name: 'runc', since: '1.0.0' },
  { name: 'crun', since: '0.12' },
  { name: 'youki' },
];

/** Whether each installed runtime calls the hook: by `features` (runtime-spec features.md), else by its version. */
export async function checkRuntimes(
  directories: readonly string[] = SEARCH_PATH,
): Promise<readonly Finding[]> {
  const findings = await Promise.all(
    RUNTIMES.map(async ({ name, since }) => {
      const path = findProgram(name, directories);
      return path === undefined ? undefined : await checkRuntime(path, name, since);
    }),
  );
  const absent = RUNTIMES.filter((_, index) => findings[index] === undefined).map(
    ({ name }) => name,
  );
  const present = findings.filter((finding) => finding !== undefined);
  if (present.length === 0) {
    return [
      warning(CHECK, 'no runtime found (runc, crun, youki)', EXPECTED, 'install runc or crun'),
    ];
  }
  return absent.length === 0
    ? present
    : [
        ...present,
        ok(CHECK, `${absent.join(', ')}: not installed`, `${EXPECTED}, where installed`),
      ];
}

/** @param name of the program that it is, or behaves like */
export async function checkRuntime(
  path: string,
  name: string,
  since: string | undefined = RUNTIMES.find((runtime) => runtime.name === name)?.since,
): Promise<Finding> {
  const [stranger] = checkOwned([path]);
  if (stranger !== undefined) return { ...stranger, check: CHECK };
  const [features, versionOutput] = await Promise.all([
    runProgram(path, ['features']),
    runProgram(path, ['--version']),
  ]);
  const version = /version:?\s+v?(\d+(?:\.\d+)*)/.exec(versionOutput.stdout)?.[1];
  const shown = `${path} ${version ?? 'of unknown version'}`;
  const mend = `install a newer ${name}`;
  const hooks = hooksOf(features);
  if (hooks !== undefined) {
    return hooks.includes('createRuntime')
      ? ok(CHECK, `${shown} ${EXPECTED}`, EXPECTED)
      : problem(CHECK, `${shown} has no hooks but ${JSON.stringify(hooks)}`, EXPECTED, mend);
  }
  if (version === undefined || since === undefined) {
    const reason = features.failure ?? 'what it prints as its features is not known';
    return problem(CHECK, `${shown} cannot be asked: ${reason}`, EXPECTED, mend);
  }
  return compareVersions(version, since) >= 0
    ? ok(CHECK, `${shown} ${EXPECTED}, like every ${name} since ${since}`, EXPECTED)
    : problem(CHECK, `${shown} calls no createRuntime hooks`, EXPECTED, mend);
}

function hooksOf(features: ProgramOutput): readonly string[] | undefined {
  if (features.exitCode !== 0) return undefined;
  try {
    const parsed: unknown = JSON.parse(features.stdout);
    if (typeof parsed !== 'object' || parsed === null || !('hooks' in parsed)) return undefined;
    return Array.isArray(parsed.hooks)
      ? parsed.hooks.filter((hook) => typeof hook === 'string')
      : undefined;
  } catch {
    return undefined;
  }
}

/** Negative, 0 or positive, by numbers: 1.10 is newer than 1.9. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split('.').map(Number));
  for (let index = 0; index < 4; index += 1) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
