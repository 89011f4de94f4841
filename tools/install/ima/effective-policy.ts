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
