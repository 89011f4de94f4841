import { readFileSync } from 'node:fs';

/** `2026-11-23T14:28:03Z`: neither locale nor time zone changes what is printed. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** USER_HZ, on every architecture that Node runs on: what /proc counts in (proc_pid_stat(5), `starttime`). */
const TICKS_PER_SECOND = 100;

export function ticksToMs(ticks: number): number {
  return (ticks * 1000) / TICKS_PER_SECOND;
}

/** When this boot began, in milliseconds after 1970, as the clock stands now. */
export function bootTimeMs(): number {
  const [uptime = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Date.now() - Number(uptime) * 1000;
}
