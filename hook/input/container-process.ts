import { readlinkSync } from 'node:fs';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';
import type { NamespaceInodes } from '#hook/log/measurement-event';
import { processStartTime } from '#hook/log/process-start';

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
  const startTime = processStartTime(pid);
  if (startTime !== undefined) return startTime;
  throw new HookError('state', `pid of the state: there is no process ${pid}`);
}

function inode(pid: number, type: keyof NamespaceInodes): NamespaceInodes {
  const path = `/proc/${pid}/ns/${type}`;
  try {
    const number = /^[a-z]+:\[([0-9]+)\]$/.exec(readlinkSync(path))?.[1];
    return number === undefined ? {} : { [type]: Number(number) };
  } catch (cause) {
    // A kernel without this kind of namespace.
    if (systemErrorCode(cause) === 'ENOENT') return {};
    throw new HookError('state', `could not read ${path}`, { cause });
  }
}
