import type { Config } from '#hook/input/config';
import { configurationChecks } from './configuration.ts';
import type { Check, Finding } from './finding.ts';
import { checkLibraries } from './libraries.ts';
import { runChecks } from './run-checks.ts';
import { checkTools } from './tools.ts';

/** What the hook itself needs on this machine, whichever engine calls it. */
export interface HookChecks {
  /** Undefined when it cannot be used. */
  readonly config: Config | undefined;
  readonly checks: readonly Check[];
}

export function hookChecks(config: string | undefined): HookChecks {
  const configuration = configurationChecks(config);
  const checks = [...configuration.checks, () => checkTools(), () => checkLibraries()];
  return { config: configuration.config, checks };
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
