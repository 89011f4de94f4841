import { checkExecutable } from '#tools/doctor/executable';
import type { Check } from '#tools/doctor/finding';
import { formatFindings } from '#tools/doctor/findings';
import { checkHookEntries, HOOKS_DIRECTORIES } from '#tools/doctor/hook-entries';
import { hookChecks } from '#tools/doctor/next-container';
import { runChecks } from '#tools/doctor/run-checks';
import { checkRuntimes } from '#tools/doctor/runtimes';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';

export interface DoctorOptions {
  readonly config: string | undefined;
  readonly json: boolean;
}

/** Looks at everything the next container's measurement needs. Exit code 1 when there is a problem. */
export async function doctor({ config: file, json }: DoctorOptions): Promise<number> {
  const hook = hookChecks(file);
  const checks: readonly Check[] = [
    ...hook.checks,
    () => checkExecutable(process.execPath),
    () => checkRuntimes(),
    () =>
      checkHookEntries({
        directories: HOOKS_DIRECTORIES,
        config: { file, deadline: hook.deadline },
        executable: process.execPath,
      }),
  ];
  const findings = await runChecks(checks);
  const healthy = findings.every(({ status }) => status !== 'problem');
  writeOut(json ? formatJSON({ healthy, findings }) : formatFindings(findings));
  return healthy ? 0 : 1;
}
