/** `oci-measure install ima`: the record filesystem, the rule that has the kernel measure it, and a proof that it does. */
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { openSecurityfs } from '#hook/ima/list-file';
import { RECORD_OWNER, RECORDS_DIRECTORY } from '#hook/ima/record';
import { openRecordFilesystem } from '#hook/ima/record-filesystem';
import type { Tpm } from '#hook/log/tpm';
import { ToolError } from '#tools/errors';
import { applyChange, changeOf, type FileChange, isChange } from '#tools/install/file-change';
import { writeOut } from '#tools/output';
import { tryCanary } from './canary.ts';
import { effectivePolicy, type PolicyFacts } from './effective-policy.ts';
import { POLICY_FILE, readPolicyFacts } from './policy-facts.ts';
import { recordRule, withOurRule } from './policy-file.ts';
import {
  IMAGE_FILE,
  makeFilesystemArguments,
  mountUnit,
  type RecordDevice,
  UNIT_FILE,
  UNIT_NAME,
} from './record-filesystem.ts';
import { hasSystemd, identifyDevice, runProgram } from './system.ts';

export interface InstallImaOptions {
  /** Of a partition to use in place of an image file. */
  readonly partition: string | undefined;
  /** Load the policy now, too. */
  readonly load: boolean;
  readonly dryRun: boolean;
  readonly tpm: Pick<Tpm, 'readPcr'>;
}

interface Plan {
  readonly device: RecordDevice;
  readonly uuid: string;
  /** Whether there is a filesystem to be made. */
  readonly isNew: boolean;
  readonly changes: readonly FileChange[];
  readonly policy: string;
  readonly facts: PolicyFacts;
}

/**
 * Nothing is done before all of it was decided. What is there already is kept.
 *
 * @throws ToolError `install`; HookError `ima`, `tpm`
 */
export async function installIma(options: InstallImaOptions): Promise<number> {
  const plan = await makePlan(options);
  describePlan(plan, options);
  if (options.dryRun) return 0;
  if (plan.isNew) await makeFilesystem(plan);
  for (const change of plan.changes) applyChange(change);
  await mountRecords(plan.device);
  openRecordFilesystem(RECORDS_DIRECTORY, plan.uuid);
  if (options.load) loadPolicy();
  return await proveIt(options);
}

async function makePlan({ partition }: InstallImaOptions): Promise<Plan> {
  const facts = readPolicyFacts();
  const before = effectivePolicy(facts);
  const isPartition = partition !== undefined;
  const device: RecordDevice = { path: partition ?? IMAGE_FILE, isPartition };
  const there = existsSync(device.path) ? await identifyDevice(device.path) : undefined;
  if (there !== undefined && (there.type !== 'ext4' || there.label !== 'oci-measure')) {
    throw new ToolError(
      'install',
      `${JSON.stringify(device.path)} holds something already: ${there.type || 'unknown'} ${JSON.stringify(there.label)}`,
      { hint: 'give an empty partition' },
    );
  }
  const uuid = there?.uuid ?? randomUUID();
  const policy = withOurRule(before, recordRule(uuid, RECORD_OWNER));
  const changes = [changeOf(UNIT_FILE, mountUnit(device)), changeOf(POLICY_FILE, policy)];
  return { device, uuid, isNew: there === undefined, changes, policy, facts };
}

function describePlan(
  { device, uuid, isNew, changes, policy, facts }: Plan,
  { load }: InstallImaOptions,
) {
  const verb = isNew ? 'make' : 'keep';
  writeOut(
    `${verb} the record filesystem ${uuid} on ${device.path}, mounted at ${RECORDS_DIRECTORY}\n`,
  );
  for (const change of changes) {
    writeOut(`${isChange(change) ? 'write' : 'keep'} ${change.path}\n`);
  }
  writeOut(`\nthe policy that results:\n\n${policy.replaceAll(/^/gm, '    ').trimEnd()}\n\n`);
  if (!facts.isLoadable) {
    writeOut('this kernel takes no other policy before the machine is started again\n');
  } else if (!load) {
    writeOut(
      'it is loaded when the machine starts, or now with --load: most kernels take one policy in a boot\n',
    );
  }
}

async function makeFilesystem({ device, uuid }: Plan): Promise<void> {
  mkdirSync(dirname(IMAGE_FILE), { recursive: true, mode: 0o755 });
  await runProgram('mkfs.ext4', makeFilesystemArguments(device, uuid));
}

async function mountRecords({ path, isPartition }: RecordDevice): Promise<void> {
  mkdirSync(RECORDS_DIRECTORY, { recursive: true, mode: 0o700 });
  if (hasSystemd()) {
    await runProgram('systemctl', ['daemon-reload']);
    await runProgram('systemctl', ['enable', '--now', UNIT_NAME]);
    return;
  }
  if (isMounted()) return;
  const loop = isPartition ? '' : 'loop,';
  const options = `${loop}nosuid,nodev,noexec`;
  await runProgram('mount', ['-t', 'ext4', '-o', options, path, RECORDS_DIRECTORY]);
}

function isMounted(): boolean {
  try {
    openRecordFilesystem(RECORDS_DIRECTORY);
    return true;
  } catch {
    return false;
  }
}

/** By its name: a policy longer than a page cannot be written in one piece, and the kernel takes no second. */
function loadPolicy(): void {
  using securityfs = openSecurityfs('/sys/kernel/security');
  const policy = `${securityfs?.path}/ima/policy`;
  try {
    writeFileSync(policy, POLICY_FILE);
  } catch (cause) {
    throw new ToolError('install', `the kernel does not take the policy: ${String(cause)}`, {
      cause,
    });
  }
  const again = existsSync(policy)
    ? 'another can be loaded still'
    : 'no other can be loaded before the machine is started again';
  writeOut(`the policy is loaded; ${again}\n`);
}

async function proveIt({ tpm, load }: InstallImaOptions): Promise<number> {
  const { container, reason } = await tryCanary(tpm);
  if (container === 'measured') {
    writeOut('a record was shown to the kernel: it is in its list, and PCR 10 is extended by it\n');
    return 0;
  }
  writeOut(
    `a record was shown to the kernel: ${container}${reason === undefined ? '' : `, ${reason}`}\n`,
  );
  // Without the policy that is what has to come out.
  return load || container !== 'not-covered' ? 1 : 0;
}
