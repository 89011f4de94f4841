/** What systemd is asked, and asked to do, about an engine's unit. */
import { existsSync, readFileSync } from 'node:fs';
import { execa } from 'execa';
import { ToolError } from '#tools/errors';
import type { Restart } from './engine-plan.ts';
import { runProgram } from './ima/system.ts';
import type { Moment } from './installed.ts';

const options = {
  reject: false,
  stdin: 'ignore',
  extendEnv: false,
  env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
} as const;

/** @throws ToolError `install` where `--restart` cannot be done */
export function requireSystemd(): void {
  if (existsSync('/run/systemd/system')) return;
  throw new ToolError('install', 'systemd does not run here: restart the engine yourself');
}

/** @throws ToolError `install` with what systemd said */
export async function restart({ unit, action }: Restart): Promise<void> {
  await runProgram('systemctl', [action, unit]);
}

export function thisMoment(): Moment {
  return {
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    microseconds: Number(process.hrtime.bigint() / 1000n),
  };
}

/** Whether the unit has read its configuration after that, or does not run; undefined where that cannot be told. */
export async function hasReadSince(
  { unit, action }: Restart,
  { bootId, microseconds }: Moment,
): Promise<boolean | undefined> {
  if (thisMoment().bootId !== bootId) return true;
  // A reload leaves a unit active.
  const property =
    action === 'restart' ? 'ActiveEnterTimestampMonotonic' : 'StateChangeTimestampMonotonic';
  const args = ['show', `--property=ActiveState,${property}`, unit];
  const { exitCode, stdout } = await execa('systemctl', args, options);
  if (exitCode !== 0) return undefined;
  const value = (name: string): string | undefined =>
    new RegExp(`^${name}=(.+)$`, 'm').exec(stdout)?.[1];
  const state = value('ActiveState');
  if (state === 'inactive' || state === 'failed') return true;
  const since = Number(value(property));
  return Number.isSafeInteger(since) ? since > microseconds : undefined;
}
