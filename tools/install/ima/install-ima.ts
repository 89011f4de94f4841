/** `oci-measure install ima`: the record filesystem, the rule that has the kernel measure it, and a proof that it does. */
import { mkdirSync } from 'node:fs';
import { openRecordFilesystem } from '#hook/ima/record-filesystem';
import type { Tpm } from '#hook/log/tpm';
import { applyChange, describeChange, isChange } from '#tools/install/file-change';
import { measuresWhatRootReads } from './built-in-policy.ts';
import { requireKept } from './effective-policy.ts';
import { type InstallPlan, makePlan } from './install-plan.ts';
import { loadPolicy } from './load-policy.ts';
import { type Places, placesOfThisMachine } from './places.ts';
import { requireIma } from './policy-facts.ts';
import { ruleUuid } from './policy-file.ts';
import { proveRule } from './prove-rule.ts';
import { makeFilesystem, mountOptions, UNIT_NAME } from './record-filesystem.ts';
import { sayDiffs } from './say-diffs.ts';
import { isMountPoint, runProgram } from './system.ts';

export interface InstallImaOptions {
  /** Of a partition to use in place of an image file. */
  readonly partition: string | undefined;
  /** Load the policy now, too. */
  readonly load: boolean;
  readonly dryRun: boolean;
  readonly tpm: Pick<Tpm, 'readPcr'>;
  /** To whoever asked for it, in whole lines. */
  readonly say: (text: string) => void;
}

/** @throws ToolError `install`; HookError `ima`, `tpm` */
export async function installIma(options: InstallImaOptions): Promise<number> {
  using ima = requireIma();
  return await installAt(placesOfThisMachine(), ima.path, options);
}

/**
 * Nothing is done before all of it was decided. What is there already is kept. It can be stopped at any moment and asked for again.
 *
 * @param ima IMA's directory in securityfs
 * @throws ToolError `install`; HookError `ima`, `tpm`
 */
export async function installAt(
  places: Places,
  ima: string,
  options: InstallImaOptions,
): Promise<number> {
  const plan = await makePlan(places, ima, options.partition);
  if (options.load && plan.facts.isLoadable) requireKept(plan.policy, plan.facts);
  describePlan(plan, places, options);
  if (options.dryRun) return 0;
  const { tpm, load, say } = options;
  if (plan.isNew) await makeFilesystem(plan.device, plan.uuid);
  for (const change of plan.changes) applyChange(change);
  await mountRecords(plan, places);
  openRecordFilesystem(places.records, plan.uuid);
  const prove = (): Promise<boolean> => proveRule(ima, places.records, { tpm, say });
  // Without the policy it may well fail: that is for `load`, or for when the machine is started again.
  if (((await prove()) && isInForce(plan)) || !load) return 0;
  loadPolicy(ima, places.policy, say);
  return (await prove()) ? 0 : 1;
}

/** Whether it is by our rule that the kernel listed a record. */
function isInForce({ facts, uuid }: InstallPlan): boolean {
  const { inForce, isLoadable, commandLine } = facts;
  if (inForce !== undefined && inForce !== '') return ruleUuid(inForce) === uuid;
  return !isLoadable || !measuresWhatRootReads(commandLine);
}

function describePlan(
  { device, uuid, isNew, changes, policy, facts }: InstallPlan,
  { records, hasSystemd }: Places,
  { load, dryRun, say }: InstallImaOptions,
): void {
  if (!isNew && !changes.some(isChange)) {
    say(`everything is there: the record filesystem ${uuid} on ${device.path}, and its rule\n`);
    return;
  }
  const verb = isNew ? 'make' : 'keep';
  say(`${verb} the record filesystem ${uuid} on ${device.path}, mounted at ${records}\n`);
  for (const change of changes) say(`${describeChange(change)}\n`);
  if (dryRun) sayDiffs(changes, say);
  if (dryRun && isNew) say('the UUID is drawn anew when it is done\n');
  say(`\nthe policy that results:\n\n${policy.replaceAll(/^(?!$)/gm, '    ').trimEnd()}\n\n`);
  if (!hasSystemd) {
    say(
      'systemd does not run here: when the machine starts, something else has to mount the filesystem and load the policy\n',
    );
  }
  if (!facts.isLoadable) {
    say('this kernel takes no other policy before the machine is started again\n');
  } else if (load) {
    say(`it ${dryRun ? 'would be' : 'is'} loaded now; most kernels take one policy in a boot\n`);
  } else {
    say(
      'it is loaded when the machine starts, or now with --load: most kernels take one policy in a boot\n',
    );
  }
}

async function mountRecords({ device }: InstallPlan, places: Places): Promise<void> {
  const { records, hasSystemd } = places;
  mkdirSync(records, { recursive: true, mode: 0o700 });
  if (hasSystemd) {
    await runProgram('systemctl', ['daemon-reload']);
    await runProgram('systemctl', ['enable', '--now', UNIT_NAME]);
  } else if (!isMountPoint(records)) {
    await runProgram('mount', ['-t', 'ext4', '-o', mountOptions(device), device.path, records]);
  }
}
