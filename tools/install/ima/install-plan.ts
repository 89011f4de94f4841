import { randomUUID } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { openRecordFilesystem } from '#hook/ima/record-filesystem';
import { ToolError } from '#tools/errors';
import { changeOf, type FileChange, readText } from '#tools/install/file-change';
import { effectivePolicy, type PolicyFacts } from './effective-policy.ts';
import type { Places } from './places.ts';
import { readPolicyFacts } from './policy-facts.ts';
import { recordRule, withOurRule } from './policy-file.ts';
import {
  deviceInUnit,
  directoriesInUnit,
  LABEL,
  mountUnit,
  type RecordDevice,
} from './record-filesystem.ts';
import { identifyDevice, isMountPoint } from './system.ts';

/** All that is to be done. */
export interface InstallPlan {
  readonly device: RecordDevice;
  readonly uuid: string;
  /** Whether there is a filesystem to be made. */
  readonly isNew: boolean;
  readonly changes: readonly FileChange[];
  readonly policy: string;
  readonly facts: PolicyFacts;
}

/**
 * Looks, and changes nothing.
 *
 * @param ima IMA's directory in securityfs
 * @throws ToolError `install`, HookError `ima` for what would be lost or hidden
 */
export async function makePlan(
  places: Places,
  ima: string,
  partition: string | undefined,
): Promise<InstallPlan> {
  const facts = readPolicyFacts(ima, places.policy);
  const before = effectivePolicy(facts);
  const device = await chooseDevice(places, partition);
  const there = await existingUuid(device, places);
  const uuid = there ?? randomUUID();
  checkMountPoint(places, there);
  const policy = withOurRule(before, recordRule(uuid));
  const changes = [
    changeOf(places.unit, mountUnit(device, uuid, places.records, madeDirectories(places))),
    changeOf(places.policy, policy),
  ];
  return { device, uuid, isNew: there === undefined, changes, policy, facts };
}

/** Those of an earlier installation, and those that this one makes. */
function madeDirectories({ unit, policy }: Places): readonly string[] {
  const earlier = directoriesInUnit(readText(unit) ?? '');
  return [...new Set([...earlier, ...missing(dirname(policy)), ...missing(dirname(unit))])];
}

/** A directory and those that it is in, as far as they are not there; outermost first. */
function missing(directory: string): readonly string[] {
  return existsSync(directory) ? [] : [...missing(dirname(directory)), directory];
}

/** What an earlier installation chose stays. */
async function chooseDevice(
  { unit, image }: Places,
  partition: string | undefined,
): Promise<RecordDevice> {
  const earlier = deviceInUnit(readText(unit) ?? '');
  if (partition === undefined) return earlier ?? { path: image, isPartition: false };
  const device = { path: resolve(partition), isPartition: true };
  if (statSync(device.path, { throwIfNoEntry: false })?.isBlockDevice() !== true) {
    throw new ToolError(
      'install',
      `expected a partition at ${JSON.stringify(partition)}, found none`,
    );
  }
  if (earlier !== undefined && !(await isSameFilesystem(earlier, device))) {
    throw new ToolError('install', `records are on ${JSON.stringify(earlier.path)} already`, {
      hint: 'take that away first: oci-measure uninstall ima',
    });
  }
  return device;
}

async function isSameFilesystem(earlier: RecordDevice, device: RecordDevice): Promise<boolean> {
  if (!earlier.isPartition) return false;
  const uuid = (await identifyDevice(device.path))?.uuid;
  return uuid !== undefined && uuid !== '' && earlier.path.endsWith(`/${uuid}`);
}

/** Undefined where there is nothing yet. */
async function existingUuid(
  { path, isPartition }: RecordDevice,
  { records }: Places,
): Promise<string | undefined> {
  if (!existsSync(path)) {
    if (!isPartition) return undefined;
    throw new ToolError('install', `the partition ${JSON.stringify(path)} is not there`);
  }
  // Read while it is mounted, an image file would be a violation in the kernel's list (seen, under ima_policy=tcb).
  if (!isPartition && isMountPoint(records)) return openRecordFilesystem(records).uuid;
  const there = await identifyDevice(path);
  if (there === undefined && isPartition) return undefined;
  if (there?.type === 'ext4' && there.label === LABEL && there.uuid !== '') return there.uuid;
  const found = there === undefined ? 'a file' : `${there.type || 'a'} ${there.label}`.trim();
  throw new ToolError(
    'install',
    `expected ${JSON.stringify(path)} to be empty or a record filesystem, found ${JSON.stringify(found)}`,
    { hint: isPartition ? 'name an empty partition' : 'remove the file, if nobody needs it' },
  );
}

function checkMountPoint({ records }: Places, uuid: string | undefined): void {
  if (!isMountPoint(records)) return;
  if (uuid !== undefined) openRecordFilesystem(records, uuid);
  else
    throw new ToolError('install', `another filesystem is mounted at ${JSON.stringify(records)}`);
}
