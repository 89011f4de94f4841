import { accessSync, constants } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';

/** Where the hook looks for programs, whatever PATH says. */
export const HOOK_PATH: readonly string[] = ['/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** Where runtimes are as well: where systemd's services find programs (systemd.exec(5), "ExecSearchPath"), and those of a shell. */
export const SEARCH_PATH: readonly string[] = ['/usr/local/sbin', '/usr/local/bin', ...HOOK_PATH];

/** A busy host takes longer than one likes to wait; an engine that does not answer is told as a problem. */
const TIME_LIMIT_MS = 15_000;
const MAX_OUTPUT_CHARACTERS = 1024 * 1024;

export interface ProgramOutput {
  readonly stdout: string;
  readonly stderr: string;
  /** Undefined when it was ended by a signal, timed out or could not be run; `failure` says so. */
  readonly exitCode: number | undefined;
  readonly failure: string | undefined;
}

export function findProgram(name: string, directories: readonly string[]): string | undefined {
  return directories.map((directory) => join(directory, name)).find(isExecutable);
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Runs a program with a constant environment, without standard input, and for a limited time. */
export async function runProgram(path: string, args: readonly string[]): Promise<ProgramOutput> {
  const result = await execa(path, args, {
    env: { PATH: SEARCH_PATH.join(':'), LANG: 'C.UTF-8' },
    extendEnv: false,
    stdin: 'ignore',
    timeout: TIME_LIMIT_MS,
    forceKillAfterDelay: 500,
    maxBuffer: MAX_OUTPUT_CHARACTERS,
    cwd: '/',
    reject: false,
  });
  const { stdout, stderr, exitCode } = result;
  return { stdout, stderr, exitCode, failure: result.failed ? result.shortMessage : undefined };
}
