/** An engine's plan, the executable before or after it, and the record around both. */
import { existsSync, rmdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { systemErrorCode } from '#digest/system-error-code';
import type { EnginePlan } from './engine-plan.ts';
import { installExecutable, placeOfExecutable, removeExecutable } from './executable.ts';
import { dropBackup, type FileChange } from './file-change.ts';
import type { Host } from './host.ts';
import { lockHost } from './host-lock.ts';
import { bringIntoForce, commandOf, lastChange, restartNotes, tellWhatStays } from './in-force.ts';
import {
  changeInstalled,
  type Installed,
  type Moment,
  NOTHING,
  readInstalled,
} from './installed.ts';
import type { InstallOrder, Order } from './order.ts';
import { RECORD_SUFFIX } from './own-places.ts';
import { requireSystemd } from './restart.ts';
import { applyStep, describeStep, diffOfStep, isPending, type Step } from './steps.ts';

/** For containers whose hooks were read just before the entry went. */
const UNDER_WAY_MS = 2000;

/**
 * Nothing is done before all of it was decided and told. It can be stopped at any moment and asked for again.
 *
 * @throws ToolError `install`
 */
export async function installEngine(order: InstallOrder): Promise<number> {
  const { host, engine, installer, program, options } = order;
  using _lock = lockHost(host);
  const executable = placeOfExecutable(host);
  const recordFile = executable + RECORD_SUFFIX;
  const before = readInstalled(host, recordFile) ?? NOTHING;
  const own = before.engines[engine];
  const plan = await installer.install(host, { ...options, executable });
  const copy = installExecutable(host.at(executable), program, before.hasExecutable);
  const changed = plan.changes.map(({ path }) => host.nameOf(path));
  const putIn = lastChange(order, plan, own?.putIn);
  const record = changeInstalled(host, recordFile, {
    hasExecutable: before.hasExecutable || copy.isNeeded,
    engines: {
      ...before.engines,
      [engine]: {
        files: [...new Set([...(own?.files ?? []), ...changed])],
        ...(putIn === undefined ? {} : { putIn }),
      },
    },
    directories: withMissing(host, before.directories, [recordFile, ...changed]),
  });
  const steps = [record, copy, ...plan.changes];
  tell(steps, [...plan.notes, ...restartNotes(order, plan)], order);
  if (order.dryRun) return 0;
  if (order.restart) requireSystemd();
  makeReadable();
  for (const step of steps) applyStep(step);
  const inForce = await bringIntoForce(order, plan.restart, putIn);
  if (plan.restart !== undefined && inForce !== 'yes') {
    order.say(`${commandOf(plan.restart)} brings it into force\n`);
  }
  return 0;
}

/** @throws ToolError `install` */
export async function uninstallEngine(order: Order): Promise<number> {
  const { host, engine, installer } = order;
  using _lock = lockHost(host);
  const executable = placeOfExecutable(host);
  const recordFile = executable + RECORD_SUFFIX;
  const before = readInstalled(host, recordFile) ?? NOTHING;
  const { [engine]: own, ...others } = before.engines;
  const recorded = own?.files ?? [];
  const wanted = await installer.uninstall(host, recorded, order.force);
  const { plan, shared } = splitPlan(host, wanted, others);
  if (plan.isUnfinished === true) return await retreat(order, plan, recordFile, before);
  const isLast = Object.keys(others).length === 0;
  const rest = isLast ? undefined : { ...before, engines: others };
  const takeAway: readonly Step[] =
    isLast && before.hasExecutable ? [removeExecutable(host.at(executable))] : [];
  const forget = changeInstalled(host, recordFile, rest);
  const notes = [...shared, ...plan.notes, ...restartNotes(order, plan)];
  tell([...plan.changes, ...takeAway, forget], notes, order);
  if (order.dryRun) return 0;
  if (order.restart) requireSystemd();
  makeReadable();
  const takenOut = noteTakenOut(order, plan, recordFile, before);
  for (const step of plan.changes) applyStep(step);
  for (const { path, makeIn } of plan.changes) dropBackup(path, makeIn);
  for (const file of recorded.filter((one) => !isUsedBy(others, one))) dropBackup(host.at(file));
  const inForce = order.force ? 'yes' : await bringIntoForce(order, plan.restart, takenOut);
  if (plan.restart !== undefined && inForce !== 'yes') {
    tellWhatStays(order, plan.restart, inForce);
    return 0;
  }
  if (isLast && host.isThisMachine && plan.changes.some(isPending)) await sleep(UNDER_WAY_MS);
  for (const step of takeAway) applyStep(step);
  applyStep(changeInstalled(host, recordFile, rest));
  if (isLast) clearUp(host, executable, before);
  return 0;
}

/** As far as it can be done now; whatever a later removal needs stays. */
async function retreat(
  order: Order,
  plan: EnginePlan,
  recordFile: string,
  before: Installed,
): Promise<number> {
  tellAll(plan.changes, [...plan.notes, ...restartNotes(order, plan)], order);
  if (order.dryRun) return 0;
  if (order.restart) requireSystemd();
  makeReadable();
  const takenOut = noteTakenOut(order, plan, recordFile, before);
  for (const step of plan.changes) applyStep(step);
  const inForce = await bringIntoForce(order, plan.restart, takenOut);
  if (plan.restart !== undefined && inForce !== 'yes') {
    order.say(`${commandOf(plan.restart)} brings it into force\n`);
  }
  return 0;
}

/** Recorded before anything is changed. */
function noteTakenOut(
  order: Order,
  plan: EnginePlan,
  recordFile: string,
  before: Installed,
): Moment | undefined {
  const { host, engine } = order;
  const own = before.engines[engine];
  const takenOut = own === undefined ? undefined : lastChange(order, plan, own.takenOut, true);
  if (own !== undefined && takenOut !== undefined) {
    const engines = { ...before.engines, [engine]: { files: own.files, takenOut } };
    applyStep(changeInstalled(host, recordFile, { ...before, engines }));
  }
  return takenOut;
}

type Engines = Installed['engines'];

/** What other engines use, too, stays. */
function splitPlan(
  host: Host,
  plan: EnginePlan,
  others: Engines,
): { readonly plan: EnginePlan; readonly shared: readonly string[] } {
  const isShared = ({ path, after }: FileChange): boolean =>
    after === undefined && isUsedBy(others, host.nameOf(path));
  const kept = plan.changes.filter(isShared);
  return {
    plan: { ...plan, changes: plan.changes.filter((change) => !isShared(change)) },
    shared: kept.map(({ path }) => `${path} stays: ${Object.keys(others).join(', ')} needs it`),
  };
}

function isUsedBy(engines: Engines, file: string): boolean {
  return Object.values(engines).some(({ files }) => files.includes(file));
}

function tell(steps: readonly Step[], notes: readonly string[], order: Order): void {
  if (steps.some(isPending)) tellAll(steps, notes, order);
  else order.say('nothing to do\n');
}

function tellAll(steps: readonly Step[], notes: readonly string[], order: Order): void {
  const { host, dryRun, say } = order;
  const pending = steps.filter(isPending);
  for (const step of pending) say(dryRun ? diffOfStep(step, host) : `${describeStep(step)}\n`);
  for (const note of notes) say(`note: ${note}\n`);
}

/** Whoever starts a container, root or not, reads what is made here: whatever the umask of whoever installs. */
function makeReadable(): void {
  process.umask(0o022);
}

/** With parents that are missing, which a removal takes away again. */
function withMissing(
  host: Host,
  known: readonly string[],
  files: readonly string[],
): readonly string[] {
  const directories = new Set(known);
  for (const file of files) {
    for (let path = dirname(host.at(file)); !existsSync(path); path = dirname(path)) {
      directories.add(host.nameOf(path));
    }
  }
  return [...directories].toSorted();
}

function clearUp(host: Host, executable: string, { directories }: Installed): void {
  for (const path of [executable, executable + RECORD_SUFFIX]) dropBackup(host.at(path));
  for (const directory of directories.toReversed()) removeIfEmpty(host.at(directory));
}

function removeIfEmpty(path: string): void {
  try {
    rmdirSync(path);
  } catch (error) {
    if (!['ENOENT', 'ENOTEMPTY'].includes(String(systemErrorCode(error)))) throw error;
  }
}
