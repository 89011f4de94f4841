/** Engines that read their configuration when they start: who tells them of a change, and whether they know of it. */
import type { EnginePlan, Restart } from './engine-plan.ts';
import type { Moment } from './installed.ts';
import type { Order } from './order.ts';
import { hasReadSince, restart, thisMoment } from './restart.ts';
import { isPending } from './steps.ts';

/** Once it is done, what is left to do is told as it turned out. */
export function restartNotes(
  { host, dryRun, restart: isAsked }: Order,
  { restart: how, changes }: EnginePlan,
): readonly string[] {
  if (how === undefined || !host.isThisMachine || !changes.some(isPending)) return [];
  if (isAsked) return [`${commandOf(how)} is run then, if the engine runs`];
  return dryRun ? [`an engine that runs takes it in by ${commandOf(how)}, or --restart`] : [];
}

/**
 * When what the engine has to read again was changed last, which may be now. Nobody reads the files of another machine.
 *
 * @param before as it was recorded
 * @param isOtherwiseNow what is said where nothing was recorded and nothing is to be changed
 */
export function lastChange(
  { host }: Order,
  { restart: how, changes }: EnginePlan,
  before: Moment | undefined,
  isOtherwiseNow = false,
): Moment | undefined {
  if (!host.isThisMachine) return undefined;
  if (how === undefined) return before;
  if (changes.some(isPending)) return thisMoment();
  return before ?? (isOtherwiseNow ? thisMoment() : undefined);
}

/** Restarts only what has not read it yet: to ask twice is to restart once. */
export async function bringIntoForce(
  order: Order,
  how: Restart | undefined,
  since: Moment | undefined,
): Promise<'yes' | 'no' | 'unknown'> {
  if (how === undefined || since === undefined) return 'yes';
  const isRead = await hasReadSince(how, since);
  if (isRead === true) return 'yes';
  if (!order.restart) return isRead === false ? 'no' : 'unknown';
  await restart(how);
  return 'yes';
}

export function tellWhatStays(
  { engine, say }: Order,
  how: Restart,
  inForce: 'no' | 'unknown',
): void {
  const again = `oci-measure uninstall ${engine}${inForce === 'unknown' ? ' --force' : ''}`;
  say(
    `not removed yet: the executable and its record, since ${engine} may start it until ${commandOf(how)}\n`,
  );
  say(`run that and then \`${again}\` to take it away\n`);
}

export function commandOf({ unit, action }: Restart): string {
  return `\`systemctl ${action} ${unit}\``;
}
