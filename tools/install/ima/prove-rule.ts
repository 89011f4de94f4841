import { ToolError } from '#tools/errors';
import { tryCanary } from './canary.ts';
import type { InstallImaOptions } from './install-ima.ts';

/**
 * Whether the rule is in force, by a record that is shown to the kernel.
 *
 * @throws ToolError `install` where the kernel lists records and does not extend PCR 10; HookError `ima`, `tpm`
 */
export async function proveRule(
  ima: string,
  records: string,
  { tpm, say }: Pick<InstallImaOptions, 'tpm' | 'say'>,
): Promise<boolean> {
  const { container, reason = '' } = await tryCanary(ima, records, tpm);
  if (container === 'measured') {
    say('proved: the kernel lists a record that it is shown, and extends PCR 10 by it\n');
    return true;
  }
  if (container === 'not-covered') {
    say('the rule is not in force yet: the kernel does not list a record that it is shown\n');
    return false;
  }
  throw new ToolError('install', `a record was shown to the kernel: ${container}: ${reason}`, {
    hint: 'oci-measure doctor',
  });
}
