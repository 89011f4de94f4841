/** An engine is asked to read its configuration again, or whether it did. */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { execa } from 'execa';
import { findDaemons } from '#tools/doctor/daemons';
import { ToolError } from '#tools/errors';
import { CHILD_PROCESS } from './child-process.ts';
import type { Restart } from './engine-plan.ts';
import { runProgram } from './ima/system.ts';
import type { Moment } from './installed.ts';

/** The daemons of units whose names are not theirs. */
const DAEMONS: Readonly<Record<string, string>> = { docker: 'dockerd' };

/** @throws ToolError `install` where `--restart` cannot be done */
export function requireSystemd(): void {
  if (hasSystemd()) return;
  throw new ToolError('install', 'systemd does not run here: restart the engine yourself');
}

function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

/** @throws ToolError `install` with what systemd said */
export async function restart({ unit, action }: Restart): Promise<void> {
  // The unit itself may have been changed.
  await runProgram('systemctl', ['daemon-reload']);
  await runProgram('systemctl', [action, unit]);
}

export function thisMoment(): Moment {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    microseconds: microseconds(),
  };
}

function microseconds(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Whether the engine has read its configuration after that, or does not run; undefined where that cannot be told. */
export async function hasReadSince(how: Restart, moment: Moment): Promise<boolean | undefined> {
  if (thisMoment().bootId !== moment.bootId) return true;
  return hasSystemd() ? await unitHasReadSince(how, moment) : hasStartedSince(how, moment);
}

async function unitHasReadSince(
  { unit, action }: Restart,
  moment: Moment,
): Promise<boolean | undefined> {
  // A reload leaves a unit active.
  const property =
    action === 'restart' ? 'ActiveEnterTimestampMonotonic' : 'StateChangeTimestampMonotonic';
  const args = ['show', `--property=ActiveState,${property}`, unit];
  const { exitCode, stdout } = await execa('systemctl', args, CHILD_PROCESS);
  if (exitCode !== 0) return undefined;
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}=(.+)$`, 'm').exec(stdout)?.[1];
  const state = value('ActiveState');
  // The engine may run all the same, of another unit (snap's, say).
  if (state === 'inactive' || state === 'failed') return hasStartedSince({ unit, action }, moment);
  const since = Number(value(property));
  return Number.isSafeInteger(since) ? since > moment.microseconds : undefined;
}

/** Of a reload nobody tells but systemd. */
function hasStartedSince({ unit, action }: Restart, moment: Moment): boolean | undefined {
  const name = unit.replace(/\.service$/, '');
  const running = findDaemons().filter(
    (daemon) => daemon.name === (DAEMONS[name] ?? name) && seesOurFiles(daemon.pid),
  );
  const momentMs = Date.now() - (microseconds() - moment.microseconds) / 1000;
  if (running.every(({ startedMs }) => startedMs > momentMs)) return true;
  return action === 'restart' ? false : undefined;
}

function seesOurFiles(pid: number): boolean {
  try {
    return readlinkSync(`/proc/${pid}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt');
  } catch {
    // Gone meanwhile.
    return false;
  }
}
