import { type Check, type Finding, problem } from './finding.ts';

/** All findings, in the order of the checks. A check that throws is a defect of this program, and a finding too. */
export async function runChecks(checks: readonly Check[]): Promise<readonly Finding[]> {
  return (await Promise.all(checks.map(runCheck))).flat();
}

async function runCheck(check: Check): Promise<readonly Finding[]> {
  try {
    return await check();
  } catch (error) {
    const found = `a check failed: ${error instanceof Error ? error.message : String(error)}`;
    return [problem('doctor', found, 'an answer', 'report this as a bug')];
  }
}
