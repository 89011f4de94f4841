import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { openSecurityfs, type Securityfs } from '#hook/ima/list-file';
import { ToolError } from '#tools/errors';
import { readText } from '#tools/install/file-change';
import type { PolicyFacts } from './effective-policy.ts';

export const SECURITYFS = '/sys/kernel/security';

/** IMA's directory in securityfs, to be closed; undefined where the kernel has no IMA. @throws HookError `ima` */
export function openIma(): Securityfs | undefined {
  const securityfs = openSecurityfs(SECURITYFS);
  if (securityfs === undefined) return undefined;
  const path = join(securityfs.path, 'ima');
  if (existsSync(path)) return { path, [Symbol.dispose]: () => securityfs[Symbol.dispose]() };
  securityfs[Symbol.dispose]();
  return undefined;
}

/** @throws HookError `ima`; ToolError `install` where the kernel has no IMA */
export function requireIma(): Securityfs {
  const ima = openIma();
  if (ima !== undefined) return ima;
  throw new ToolError('install', 'this kernel has no IMA', {
    hint: 'on a machine without it, set mode = "off" under [ima] of the configuration',
  });
}

/**
 * @param ima IMA's directory in securityfs
 * @param policyFile what systemd loads when the machine starts
 * @throws ToolError `install`
 */
export function readPolicyFacts(ima: string, policyFile: string): PolicyFacts {
  return {
    commandLine: readFileSync('/proc/cmdline', 'utf8'),
    file: readText(policyFile),
    inForce: readIfTold(join(ima, 'policy')),
    isLoadable: isLoadable(ima),
  };
}

/** By its mode: access(2) grants root everything. Kernels that take no second policy remove the file, or take its `w` away. */
export function isLoadable(ima: string): boolean {
  const facts = statSync(join(ima, 'policy'), { throwIfNoEntry: false });
  return facts !== undefined && (facts.mode & 0o200) !== 0;
}

/** Kernels that do not tell refuse to open it for reading, or have no such file. */
function readIfTold(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}
