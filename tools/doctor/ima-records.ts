/** Whether a record that the kernel is shown ends up in its list and in PCR 10: what is needed for it, and then by showing it one. */
import { statfsSync } from 'node:fs';
import { HookError } from '#hook/errors';
import type { ImaResult } from '#hook/ima/confirm';
import { openList } from '#hook/ima/list-file';
import { IMA_PCR } from '#hook/ima/list-replay';
import { replaysPadded } from '#hook/ima/list-walk';
import { openRecordFilesystem } from '#hook/ima/record-filesystem';
import type { PcrValues, Tpm } from '#hook/log/tpm';
import { readText } from '#tools/install/file-change';
import { tryCanary } from '#tools/install/ima/canary';
import type { Places } from '#tools/install/ima/places';
import { isLoadable } from '#tools/install/ima/policy-facts';
import { ruleUuid } from '#tools/install/ima/policy-file';
import { isMountPoint } from '#tools/install/ima/system';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'ima';
const EXPECTED = 'a record that the kernel is shown is in its list, and PCR 10 is extended by it';
const INSTALL = 'oci-measure install ima';
const FULL = 10;
const RESTART = 'restart the machine';

/**
 * @param ima IMA's directory in securityfs
 * @returns problems as for `ima.mode = "require"`
 */
export async function checkRecords(
  places: Places,
  ima: string,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<readonly Finding[]> {
  try {
    const uuid = ruleUuid(readText(places.policy) ?? '');
    const wrong = checkFilesystem(places, uuid);
    if (wrong !== undefined) return [...checkRuleFile(places, uuid, false), wrong];
    const pcr = await tpm.readPcr(IMA_PCR);
    const padded = await checkPaddedBanks(ima, tpm, pcr);
    if (padded.some(({ status }) => status === 'problem')) return padded;
    const result = await tryCanary(ima, places.records, tpm);
    const shown = checkCanary(result, { isLoadable: isLoadable(ima), uuid, pcr });
    const isInForce = result.container !== 'not-covered';
    return [...checkRuleFile(places, uuid, isInForce), ...shown, ...padded, ...checkRoom(places)];
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const isTpm = error instanceof HookError && error.code === 'tpm';
    const mend = isTpm ? 'mend the TPM first' : 'mend that, and run doctor again';
    return [problem(CHECK, error.message, EXPECTED, mend)];
  }
}

function checkFilesystem({ records }: Places, uuid: string | undefined): Finding | undefined {
  const expected = `a record filesystem at ${records}${uuid === undefined ? '' : `, with the UUID of the rule, ${uuid}`}`;
  try {
    openRecordFilesystem(records, uuid);
    return undefined;
  } catch (error) {
    if (!(error instanceof HookError)) throw error;
    const mend = isMountPoint(records) ? `umount ${records}, then ${INSTALL}` : INSTALL;
    return problem(CHECK, error.message, expected, mend);
  }
}

/** Image records stay. Before there is no room for another one, and no container starts, somebody should know. */
function checkRoom({ records }: Places): readonly Finding[] {
  const { files, ffree, blocks, bavail } = statfsSync(records);
  if (ffree >= files / FULL && bavail >= blocks / FULL) return [];
  const found = `${records} has ${ffree} inodes and ${bavail} blocks left`;
  const mend = `remove the oldest files in ${records}/images: they are made again when they are needed`;
  return [warning(CHECK, found, 'a tenth of them free', mend)];
}

/** Without the rule in the file a record is not listed any more when the machine was started again. */
function checkRuleFile(
  { policy }: Places,
  uuid: string | undefined,
  isInForce: boolean,
): readonly Finding[] {
  if (uuid !== undefined) return [];
  const found = `no rule about records in ${policy}`;
  const expected = `the rule in ${policy}, which is loaded when the machine starts`;
  const say = isInForce ? warning : problem;
  return [say(CHECK, found, expected, INSTALL)];
}

interface Circumstances {
  readonly isLoadable: boolean;
  /** Of the rule in the policy's file. */
  readonly uuid: string | undefined;
  readonly pcr: PcrValues;
}

function checkCanary(
  { container, headless, reason = '' }: ImaResult,
  around: Circumstances,
): readonly Finding[] {
  const exported = headless ? [exportedHead()] : [];
  switch (container) {
    case 'measured':
    case 'already-measured':
      return [ok(CHECK, 'a record was listed, and PCR 10 extended by it', EXPECTED), ...exported];
    case 'not-covered':
      return [notInForce(reason, around), ...exported];
    case 'not-in-pcr':
      return [notInPcr(reason, around), ...exported];
    case 'no-ima': {
      const mend = 'start a kernel built with CONFIG_IMA, or set mode = "off" under [ima]';
      return [problem(CHECK, 'this kernel has no measurement list', EXPECTED, mend)];
    }
  }
}

function notInForce(reason: string, around: Circumstances): Finding {
  const found = `the rule is not in force: ${reason}`;
  if (around.isLoadable) return problem(CHECK, found, EXPECTED, `${INSTALL} --load`);
  const installed = around.uuid === undefined ? `${INSTALL}, then ` : '';
  const mend = `${installed}${RESTART}: this kernel takes no other policy before`;
  return problem(CHECK, found, EXPECTED, mend);
}

function notInPcr(reason: string, { pcr }: Circumstances): Finding {
  const isUnused = [...pcr.values()].every((value) => value.every((byte) => byte === 0));
  if (!isUnused) {
    const mend = `see why in the kernel log (dmesg | grep -i -e ima -e tpm), and ${RESTART} (kexec keeps the PCR)`;
    return problem(CHECK, reason, EXPECTED, mend);
  }
  const found = "the kernel's IMA does not use this TPM: it lists records, and PCR 10 is zero";
  const mend =
    "have the TPM's driver built into the kernel, so that it is there when IMA starts, and tcti name that TPM";
  return problem(CHECK, found, EXPECTED, mend);
}

function exportedHead(): Finding {
  return warning(
    CHECK,
    "the beginning of the kernel's list was exported away",
    'the list from the start of the machine on',
    'keep what was exported: whoever verifies this machine needs it',
  );
}

/** A problem where no other bank is left to confirm by. */
async function checkPaddedBanks(
  ima: string,
  tpm: Pick<Tpm, 'readPcr'>,
  pcr: PcrValues,
): Promise<readonly Finding[]> {
  using list = await openList(ima);
  if (list === undefined) return [];
  const source = { list, tpm, interrupt: () => {} };
  const padded = (['sha384', 'sha512'] as const).filter(
    (bank) => pcr.has(bank) && replaysPadded(source, bank, pcr),
  );
  if (padded.length === 0) return [];
  const say = padded.length === pcr.size ? problem : warning;
  const found = `PCR 10 in ${padded.join(' and ')}: this kernel extends by SHA-1 digests padded with zeros`;
  const mend = pcr.has('sha256')
    ? 'nothing: verify by the sha256 bank'
    : 'allocate the sha256 bank: tpm2_pcrallocate sha256:all, then reboot';
  return [say(CHECK, found, `digests of ${padded.join(' and ')}`, mend)];
}
