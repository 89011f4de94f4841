/** `oci-measure uninstall ima`: everything that `install ima` made goes; what it found is as it was. */
import { existsSync, rmdirSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import {
  applyChange,
  changeOf,
  describeChange,
  dropBackup,
  isChange,
  readText,
} from '#tools/install/file-change';
import { type Places, placesOfThisMachine } from './places.ts';
import { fileBefore } from './policy-file.ts';
import { deviceInUnit, directoriesInUnit, UNIT_NAME } from './record-filesystem.ts';
import { sayDiffs } from './say-diffs.ts';
import { isMountPoint, runProgram } from './system.ts';

export interface UninstallImaOptions {
  readonly dryRun: boolean;
  /** Whether the configuration lets no container start without records. */
  readonly isRequired: boolean;
  /** To whoever asked for it, in whole lines. */
  readonly say: (text: string) => void;
}

const REQUIRED =
  'note: the configuration has ima.mode = "require": where an engine calls the hook, no container starts without this. Set mode = "off" under [ima], or uninstall the hook, too\n';

/** @throws ToolError `install` */
export async function uninstallIma(options: UninstallImaOptions): Promise<number> {
  return await uninstallAt(placesOfThisMachine(), options);
}

/**
 * It can be stopped at any moment and asked for again: what tells that something was installed goes last.
 *
 * @throws ToolError `install`
 */
export async function uninstallAt(
  places: Places,
  { dryRun, isRequired, say }: UninstallImaOptions,
): Promise<number> {
  const policy = readText(places.policy);
  const policyChange = changeOf(
    places.policy,
    policy === undefined ? undefined : fileBefore(policy),
  );
  const unitChange = changeOf(places.unit, undefined);
  const hasImage = existsSync(places.image);
  if (![policyChange, unitChange].some(isChange) && !hasImage) {
    say('nothing is installed\n');
    return 0;
  }
  for (const change of [policyChange, unitChange].filter(isChange)) {
    say(`${describeChange(change)}\n`);
  }
  if (dryRun) sayDiffs([policyChange, unitChange], say);
  if (hasImage) say(`remove ${places.image} with its records\n`);
  const device = deviceInUnit(unitChange.before ?? '');
  if (device?.isPartition === true) say(`keep what is on ${device.path}\n`);
  if (isRequired) say(REQUIRED);
  if (dryRun) return 0;
  applyChange(policyChange);
  dropBackup(places.policy);
  await unmountRecords(places);
  rmSync(places.image, { force: true });
  removeIfEmpty(places.records);
  removeIfEmpty(dirname(places.records));
  applyChange(unitChange);
  for (const directory of directoriesInUnit(unitChange.before ?? '').toReversed()) {
    removeIfEmpty(directory);
  }
  if (places.hasSystemd && isChange(unitChange)) await runProgram('systemctl', ['daemon-reload']);
  if (isChange(policyChange))
    say('where the rule was loaded, it is in force until the machine is started again\n');
  return 0;
}

async function unmountRecords({ records, unit, hasSystemd }: Places): Promise<void> {
  if (hasSystemd && existsSync(unit)) {
    await runProgram('systemctl', ['disable', '--now', UNIT_NAME]);
  }
  if (isMountPoint(records)) await runProgram('umount', [records]);
}

/** The hook's other files may be there. */
function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY', 'EBUSY'].includes(String(systemErrorCode(error)))) throw error;
  }
}
