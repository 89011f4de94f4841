import { accessSync, constants, existsSync, readFileSync } from 'node:fs';
import { openSecurityfs } from '#hook/ima/list-file';
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { PolicyFacts } from './effective-policy.ts';

/** What systemd loads when the machine starts (systemd's src/core/ima-setup.c). */
export const POLICY_FILE = '/etc/ima/ima-policy';

/** @throws ToolError `install` where the kernel has no IMA */
export function readPolicyFacts(): PolicyFacts {
  using securityfs = openSecurityfs('/sys/kernel/security');
  if (securityfs === undefined || !existsSync(`${securityfs.path}/ima`)) {
    throw new ToolError('install', 'this kernel has no IMA', {
      hint: 'on a machine without it, set ima.mode = "off"',
    });
  }
  const policy = `${securityfs.path}/ima/policy`;
  return {
    commandLine: readFileSync('/proc/cmdline', 'utf8'),
    file: readText(POLICY_FILE),
    inForce: readIfTold(policy),
    isLoadable: isWritable(policy),
  };
}

/** Kernels that do not tell refuse to open it for reading, or have no such file. */
function readIfTold(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
