/** What an installation does to the running system: programs are run, and their refusal is told in one line. */
import { realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { execa } from 'execa';
import { systemErrorCode } from '#digest/system-error-code';
import { readMountinfo } from '#hook/rootfs/mountinfo';
import { ToolError } from '#tools/errors';
import { CHILD_PROCESS } from '#tools/install/child-process';

/** @throws ToolError `install` with the last line of what the program said */
export async function runProgram(program: string, args: readonly string[]): Promise<void> {
  const { exitCode, stderr, shortMessage } = await execa(program, args, CHILD_PROCESS);
  if (exitCode === 0) return;
  const said = stderr.trim().split('\n').at(-1) ?? '';
  throw new ToolError('install', said === '' ? (shortMessage ?? program) : said);
}

export interface DeviceFacts {
  readonly uuid: string;
  readonly type: string;
  readonly label: string;
}

/** What blkid(8) finds on a file or partition; undefined where that is nothing. @throws ToolError `install` */
export async function identifyDevice(path: string): Promise<DeviceFacts | undefined> {
  const args = ['-p', '-o', 'export', path];
  const { exitCode, stdout, shortMessage } = await execa('blkid', args, CHILD_PROCESS);
  if (exitCode === 2) return undefined;
  if (exitCode !== 0) throw new ToolError('install', shortMessage ?? 'blkid failed');
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  return { uuid: value('UUID'), type: value('TYPE'), label: value('LABEL') };
}

/** Whether anything is mounted exactly there. */
export function isMountPoint(path: string): boolean {
  try {
    const point = Buffer.from(join(realpathSync(dirname(path)), path.slice(dirname(path).length)));
    return readMountinfo().some((mount) => mount.point === point.toString('latin1'));
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return false;
    throw error;
  }
}
