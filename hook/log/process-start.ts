import { readFileSync } from 'node:fs';

/**
 * When a process began, in clock ticks after boot. Undefined where there is no such process.
 */
export function processStartTime(pid: number): number | undefined {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return undefined;
  }
}

/**
 * Field 22 of proc_pid_stat(5). Field 2 is the program's name, which may hold blanks and parentheses: fields are counted from its last ")".
 */
export function parseStartTime(stat: string): number | undefined {
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[22 - 3] ?? '';
  const ticks = Number(field);
  return /^[0-9]+$/.test(field) && Number.isSafeInteger(ticks) ? ticks : undefined;
}

/** Whether this very process still exists. */
export function isRunning(start: { readonly pid: number; readonly startTime: number }): boolean {
  return processStartTime(start.pid) === start.startTime;
}
