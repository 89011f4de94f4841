import { readFileSync } from 'node:fs';

/**
 * When a process began: field 22 of /proc/PID/stat, clock ticks after boot. Undefined where there is no such process.
 */
export function processStartTime(pid: number): number | undefined {
  let stat: string;
  try {
    stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  // Field 2 is the command's name, which may hold blanks and parentheses: fields are counted from its last ")".
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3];
  const ticks = Number(field);
  return Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** Whether this very process still exists. */
export function isRunning(start: { readonly pid: number; readonly startTime: number }): boolean {
  return processStartTime(start.pid) === start.startTime;
}
