import { configurationChecks } from './configuration.ts';
import type { Check, Finding } from './finding.ts';
import { checkLibraries } from './libraries.ts';
import { runChecks } from './run-checks.ts';
import { checkTools } from './tools.ts';

/** What the hook itself needs on this machine, whichever engine calls it, and the deadline it has for it. */
export interface HookChecks {
  /** Seconds; undefined when the configuration cannot be used. */
  readonly deadline: number | undefined;
  readonly checks: readonly Check[];
}

export function hookChecks(config: string | undefined): HookChecks {
  const { deadline, checks } = configurationChecks(config);
  return { deadline, checks: [...checks, () => checkTools(), () => checkLibraries()] };
}

/**
 * Why the hook, once an engine calls it, would deny the next container. Whether an engine calls it is not looked at:
 * nothing is to be installed while there is such a reason.
 *
 * @param config the configuration's file; undefined: the default one
 */
export async function nextContainerProblems(
  config: string | undefined,
): Promise<readonly Finding[]> {
  const findings = await runChecks(hookChecks(config).checks);
  return findings.filter(({ status }) => status === 'problem');
}
