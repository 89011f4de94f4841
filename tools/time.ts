import { readFileSync } from 'node:fs';

/** `2026-11-23T14:28:03Z`: neither locale nor time zone changes what is printed. */
export function formatTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.\d+Z$/, 'Z');
}

/** When this boot began, in milliseconds after 1970, as the clock stands now. */
export function bootTimeMs(): number {
  const [uptime = '0'] = readFileSync('/proc/uptime', 'utf8').split(' ');
  return Date.now() - Number(uptime) * 1000;
}
