/** What an installation does to the running system: programs are run, and their refusal is told in one line. */
import { existsSync } from 'node:fs';
import { execa } from 'execa';
import { ToolError } from '#tools/errors';

const PATH = '/usr/sbin:/usr/bin:/sbin:/bin';

/** @throws ToolError `install` with the last line of what the program said */
export async function runProgram(program: string, args: readonly string[]): Promise<string> {
  const options = { reject: false, stdin: 'ignore', extendEnv: false, env: { PATH } } as const;
  const { exitCode, stdout, stderr, shortMessage } = await execa(program, args, options);
  if (exitCode === 0) return stdout;
  const said = stderr.trim().split('\n').at(-1);
  throw new ToolError(
    'install',
    said === undefined || said === '' ? (shortMessage ?? program) : said,
  );
}

export function hasSystemd(): boolean {
  return existsSync('/run/systemd/system');
}

export interface DeviceFacts {
  readonly uuid: string;
  readonly type: string;
  readonly label: string;
}

/** What blkid(8) finds on a file or partition; undefined where that is nothing. */
export async function identifyDevice(path: string): Promise<DeviceFacts | undefined> {
  const options = { reject: false, stdin: 'ignore', extendEnv: false, env: { PATH } } as const;
  const { exitCode, stdout, shortMessage } = await execa(
    'blkid',
    ['-p', '-o', 'export', path],
    options,
  );
  if (exitCode === 2) return undefined;
  if (exitCode !== 0) throw new ToolError('install', shortMessage ?? 'blkid failed');
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(stdout)?.[1] ?? '';
  return { uuid: value('UUID'), type: value('TYPE'), label: value('LABEL') };
}
