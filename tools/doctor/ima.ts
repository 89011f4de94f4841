import { statSync } from 'node:fs';
import { isRoot } from '#digest/thread-credentials';
import type { Securityfs } from '#hook/ima/list-file';
import type { Config } from '#hook/input/config';
import type { Tpm } from '#hook/log/tpm';
import { type Mount, readMountinfo } from '#hook/rootfs/mountinfo';
import { placesOfThisMachine } from '#tools/install/ima/places';
import { openIma, SECURITYFS } from '#tools/install/ima/policy-facts';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';
import { checkRecords } from './ima-records.ts';

const CHECK = 'ima';

/** Whether the kernel's measurement list will carry the next container, as far as the configuration wants that. */
export async function checkIma(
  { mode, signatures }: Config['ima'],
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<readonly Finding[]> {
  if (mode === 'off') return [ok(CHECK, 'ima.mode = "off"', 'what the site wants')];
  const findings = [...(await checkKernel(tpm)), ...checkSignatures(signatures)];
  return mode === 'require' ? findings : findings.map(asWarning);
}

/** With "try" a container starts all the same, and the log tells that it is not listed. */
function asWarning(finding: Finding): Finding {
  return finding.status === 'problem' ? { ...finding, status: 'warning' } : finding;
}

async function checkKernel(tpm: Pick<Tpm, 'readPcr'>): Promise<readonly Finding[]> {
  const expected = 'a kernel that has IMA, which keeps the measurement list';
  if (!isRoot()) {
    return [notSeen(CHECK, "the kernel's measurement list", expected, 'root alone may')];
  }
  let ima: Securityfs | undefined;
  try {
    ima = openIma();
  } catch (error) {
    return [notSeen(CHECK, 'securityfs', expected, error)];
  }
  if (ima === undefined) {
    const mend =
      'start a kernel built with CONFIG_IMA, or set mode = "off" under [ima] of the configuration';
    return [problem(CHECK, 'this kernel has no IMA', expected, mend)];
  }
  using opened = ima;
  const records = await checkRecords(placesOfThisMachine(), opened.path, tpm);
  return [...checkSecurityfs(opened.path, readMountinfo()), ...records];
}

/**
 * The hook mounts its own where it has to; other programs do not.
 *
 * @param ima where IMA's directory was found
 */
export function checkSecurityfs(ima: string, mounts: readonly Mount[]): readonly Finding[] {
  if (ima.startsWith(`${SECURITYFS}/`)) return [];
  const isCovered = mounts.some(({ point, type }) => point === SECURITYFS && type === 'securityfs');
  const found = isCovered
    ? `securityfs at ${SECURITYFS} is covered by another mount`
    : `securityfs is not mounted at ${SECURITYFS}`;
  const mend = `mount -t securityfs securityfs ${SECURITYFS}`;
  return [warning(CHECK, found, `securityfs at ${SECURITYFS}, where verifiers' agents look`, mend)];
}

/** A directory that is not there has no signatures, and nobody is told. */
function checkSignatures(signatures: string | undefined): readonly Finding[] {
  if (signatures === undefined) return [];
  if (statSync(signatures, { throwIfNoEntry: false })?.isDirectory() === true) return [];
  const found = `ima.signatures: no directory at ${JSON.stringify(signatures)}`;
  return [warning(CHECK, found, 'a directory of signatures', 'make it, or take the key out')];
}
