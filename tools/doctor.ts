import { configurationChecks } from '#tools/doctor/configuration';
import { checkExecutable } from '#tools/doctor/executable';
import { type Check, type Finding, problem } from '#tools/doctor/finding';
import { formatFindings } from '#tools/doctor/findings';
import { checkHookEntries, HOOKS_DIRECTORIES } from '#tools/doctor/hook-entries';
import { checkLibraries } from '#tools/doctor/libraries';
import { checkRuntimes } from '#tools/doctor/runtimes';
import { checkTools } from '#tools/doctor/tools';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';

export interface DoctorOptions {
  readonly config: string | undefined;
  readonly json: boolean;
}

/** Looks at everything the next container's measurement needs. Exit code 1 when there is a problem. */
export async function doctor({ config: file, json }: DoctorOptions): Promise<number> {
  const configuration = configurationChecks(file);
  const checks: readonly Check[] = [
    ...configuration.checks,
    () => checkTools(),
    () => checkExecutable(process.execPath),
    () => checkLibraries(),
    () => checkRuntimes(),
    () =>
      checkHookEntries({
        directories: HOOKS_DIRECTORIES,
        config: { file, deadline: configuration.deadline },
        executable: process.execPath,
      }),
  ];
  const findings = (await Promise.all(checks.map(runCheck))).flat();
  const healthy = findings.every(({ status }) => status !== 'problem');
  writeOut(json ? formatJSON({ healthy, findings }) : formatFindings(findings));
  return healthy ? 0 : 1;
}

async function runCheck(check: Check): Promise<readonly Finding[]> {
  try {
    return await check();
  } catch (error) {
    const found = `a check failed: ${error instanceof Error ? error.message : String(error)}`;
    return [problem('doctor', found, 'an answer', 'report this as a bug')];
  }
}
