import { readFileSync, readlinkSync } from 'node:fs';
import { HookError } from '#hook/errors';
import type { NamespaceInodes } from '#hook/log/measurement-event';
import { quoted } from '#hook/quoted';

/** What /proc says about the container's first process. */
export interface ContainerProcess {
  /** Clock ticks after boot. */
  readonly startTime: number;
  readonly ns: NamespaceInodes;
}

/** @throws HookError `state`: there is no such process */
export function readContainerProcess(pid: number): ContainerProcess {
  const startTime = readStartTime(pid);
  const ns = {
    ...inode(pid, 'mnt'),
    ...inode(pid, 'pid'),
    ...inode(pid, 'net'),
    ...inode(pid, 'uts'),
    ...inode(pid, 'user'),
  };
  // The kernel gives a pid again: what was read in between has to be of one process.
  if (readStartTime(pid) !== startTime) throw new HookError('state', `process ${pid} was replaced`);
  return { startTime, ns };
}

function readStartTime(pid: number): number {
  try {
    return parseStartTime(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch (cause) {
    if (cause instanceof HookError) throw cause;
    throw new HookError('state', `pid of the state: there is no process ${pid}`, { cause });
  }
}

/**
 * Field 22 of proc_pid_stat(5). The name of the program, field 2 in parentheses, may hold spaces and parentheses of its own.
 *
 * @throws HookError `state`
 */
export function parseStartTime(stat: string): number {
  const fields = stat
    .slice(stat.lastIndexOf(')') + 1)
    .trim()
    .split(' ');
  const ticks = fields[19] ?? '';
  const startTime = Number(ticks);
  if (/^[0-9]+$/.test(ticks) && Number.isSafeInteger(startTime)) return startTime;
  throw new HookError('state', `/proc/PID/stat has no start time: ${quoted(stat)}`);
}

function inode(pid: number, type: keyof NamespaceInodes): NamespaceInodes {
  const path = `/proc/${pid}/ns/${type}`;
  try {
    const number = /^[a-z]+:\[([0-9]+)\]$/.exec(readlinkSync(path))?.[1];
    return number === undefined ? {} : { [type]: Number(number) };
  } catch (cause) {
    // A kernel without this kind of namespace.
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return {};
    throw new HookError('state', `could not read ${path}`, { cause });
  }
}
