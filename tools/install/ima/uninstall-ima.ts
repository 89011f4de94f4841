/** `oci-measure uninstall ima`: everything that `install ima` made goes; what it found is as it was. */
import { existsSync, rmSync } from 'node:fs';
import { RECORDS_DIRECTORY } from '#hook/ima/record';
import { applyChange, changeOf, dropBackup, isChange, readText } from '#tools/install/file-change';
import { writeOut } from '#tools/output';
import { POLICY_FILE } from './policy-facts.ts';
import { isOursAlone, withoutOurRule } from './policy-file.ts';
import { IMAGE_FILE, UNIT_FILE, UNIT_NAME } from './record-filesystem.ts';
import { hasSystemd, runProgram } from './system.ts';

/** @throws ToolError `install` */
export async function uninstallIma({ dryRun }: { readonly dryRun: boolean }): Promise<number> {
  const policy = readText(POLICY_FILE);
  const rest = policy === undefined ? undefined : withoutOurRule(policy);
  const changes = [
    changeOf(POLICY_FILE, rest === undefined || isOursAlone(rest) ? undefined : rest),
    changeOf(UNIT_FILE, undefined),
  ];
  for (const change of changes.filter(isChange)) {
    writeOut(`${change.after === undefined ? 'remove' : 'write'} ${change.path}\n`);
  }
  if (existsSync(IMAGE_FILE)) writeOut(`remove ${IMAGE_FILE} with its records\n`);
  if (dryRun) return 0;
  await unmountRecords();
  for (const change of changes) applyChange(change);
  dropBackup(POLICY_FILE);
  if (hasSystemd()) await runProgram('systemctl', ['daemon-reload']);
  rmSync(IMAGE_FILE, { force: true });
  writeOut('the rule is in force until the machine is started again\n');
  return 0;
}

async function unmountRecords(): Promise<void> {
  if (hasSystemd() && existsSync(UNIT_FILE)) {
    await runProgram('systemctl', ['disable', '--now', UNIT_NAME]);
  } else if (await isMountPoint()) {
    await runProgram('umount', [RECORDS_DIRECTORY]);
  }
}

async function isMountPoint(): Promise<boolean> {
  try {
    await runProgram('mountpoint', ['-q', RECORDS_DIRECTORY]);
    return true;
  } catch {
    return false;
  }
}
