import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ToolError } from '#tools/errors';
import { isLoadable } from './policy-facts.ts';

/**
 * By its name: a policy longer than a page cannot be written in one piece, and the kernel takes no second.
 *
 * @param ima IMA's directory in securityfs
 * @throws ToolError `install`
 */
export function loadPolicy(ima: string, policyFile: string, say: (text: string) => void): void {
  if (!isLoadable(ima)) {
    throw new ToolError(
      'install',
      'this kernel takes no other policy before the machine is started again',
      { hint: 'everything is in place: restart the machine' },
    );
  }
  try {
    const file = openSync(join(ima, 'policy'), constants.O_WRONLY);
    try {
      writeSync(file, policyFile);
    } finally {
      closeSync(file);
    }
  } catch (cause) {
    throw new ToolError('install', 'the kernel does not take the policy', {
      hint: 'the kernel log says which rule: dmesg | grep ima',
      cause,
    });
  }
  const again = isLoadable(ima)
    ? 'another can be loaded still'
    : 'no other can be loaded before the machine is started again';
  say(`the policy is loaded; ${again}\n`);
}
