import { ToolError } from '#tools/errors';
import { builtInRules } from './built-in-policy.ts';
import { isOurRule, policyText, withoutOurRule } from './policy-file.ts';

/** What can be known of the policy in force. */
export interface PolicyFacts {
  /** /proc/cmdline */
  readonly commandLine: string;
  /** /etc/ima/ima-policy, which systemd loads when the machine starts. */
  readonly file: string | undefined;
  /** The rules as securityfs tells them, on kernels that do (CONFIG_IMA_READ_POLICY). */
  readonly inForce: string | undefined;
  /** Whether securityfs takes a policy still: most kernels take one in a boot. */
  readonly isLoadable: boolean;
}

/**
 * The policy in force, without our rule, as the text to load with it.
 *
 * @throws ToolError `install` where it cannot be known: loading another would end rules that nobody would miss at once
 */
export function effectivePolicy({ commandLine, file, inForce, isLoadable }: PolicyFacts): string {
  if (file !== undefined) return withoutOurRule(file);
  if (inForce !== undefined && inForce !== '') {
    return policyText(inForce.split('\n').filter((line) => line.trim() !== '' && !isOurRule(line)));
  }
  if (isLoadable) return policyText(builtInRules(commandLine));
  throw new ToolError(
    'install',
    'a policy was loaded since the machine started, it is not /etc/ima/ima-policy, and this kernel does not tell what it says',
    { hint: 'write it to /etc/ima/ima-policy, then install again' },
  );
}

/**
 * A file that was not loaded yet says nothing of the rules in force.
 *
 * @throws ToolError `install` where loading the policy now would end rules that it has not
 */
export function requireKept(policy: string, facts: PolicyFacts): void {
  const kept = new Set(policy.split('\n').map(inOneOrder));
  const isLost = (rule: string): boolean =>
    rule.trim() !== '' && !isOurRule(rule) && !kept.has(inOneOrder(rule));
  const lost = rulesInForce(facts).find(isLost);
  if (lost === undefined) return;
  throw new ToolError(
    'install',
    `loading the policy now would end a rule in force that it has not: ${lost.trim()}`,
    { hint: 'add what is missing to /etc/ima/ima-policy, or install without --load and restart' },
  );
}

function rulesInForce({ inForce = '', commandLine }: PolicyFacts): readonly string[] {
  return inForce === '' ? builtInRules(commandLine) : inForce.split('\n');
}

/** The kernel tells a rule's conditions in an order of its own. */
function inOneOrder(rule: string): string {
  const [action = '', ...conditions] = rule.trim().split(/\s+/);
  return [action, ...conditions.toSorted()].join(' ');
}
