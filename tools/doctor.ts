import { checkCdi } from '#tools/doctor/cdi';
import { engineSetup } from '#tools/doctor/engine-setup';
import { checkEngines } from '#tools/doctor/engines';
import { checkExecutable } from '#tools/doctor/executable';
import type { Check } from '#tools/doctor/finding';
import { formatFindings } from '#tools/doctor/findings';
import { hookChecks } from '#tools/doctor/next-container';
import { runChecks } from '#tools/doctor/run-checks';
import { checkRuntimes } from '#tools/doctor/runtimes';
import { checkRunningContainers } from '#tools/doctor/unmeasured';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';

export interface DoctorOptions {
  readonly config: string | undefined;
  readonly json: boolean;
}

/** Looks at everything the next container's measurement needs. Exit code 1 when there is a problem. */
export async function doctor({ config: file, json }: DoctorOptions): Promise<number> {
  const { config, checks: ofHook } = hookChecks(file);
  const setup = engineSetup(file, config);
  const checks: readonly Check[] = [
    ...ofHook,
    () => checkExecutable(process.execPath),
    () => checkRuntimes(),
    () => checkCdi(setup),
    () => (config === undefined ? [] : checkRunningContainers(config)),
    () => checkEngines(setup),
  ];
  const findings = await runChecks(checks);
  const healthy = findings.every(({ status }) => status !== 'problem');
  writeOut(json ? formatJSON({ healthy, findings }) : formatFindings(findings));
  return healthy ? 0 : 1;
}
