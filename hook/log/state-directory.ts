import { lstatSync, mkdirSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { systemErrorCode } from '#digest/system-error-code';
import { HookError } from '#hook/errors';

/** Where things are below the state directory (docs/measurement-log.md §1). */
export interface StatePaths {
  readonly directory: string;
  readonly log: string;
  readonly intent: string;
  readonly checkpoint: string;
  readonly lock: string;
  readonly containers: string;
  readonly hookLog: string;
}

export function statePaths(directory: string): StatePaths {
  return {
    directory,
    log: join(directory, 'measurements.cel'),
    intent: join(directory, 'intent.json'),
    checkpoint: join(directory, 'checkpoint.json'),
    lock: join(directory, 'lock'),
    containers: join(directory, 'containers'),
    hookLog: join(directory, 'hook.log'),
  };
}

/**
 * Makes the state directory if need be, and believes an existing one only if nobody else can have written to it.
 * @throws HookError 'log' (not writable, another's, a link); 'config' (not an absolute path)
 */
export function openStateDirectory(directory: string): StatePaths {
  if (!isAbsolute(directory)) {
    throw new HookError(
      'config',
      `state: expected an absolute path, found ${JSON.stringify(directory)}`,
    );
  }
  const paths = statePaths(directory);
  makeOwnDirectory(directory);
  return paths;
}

/** A directory of mode 0700 that is this user's alone, made if need be. @throws HookError 'log' */
export function makeOwnDirectory(path: string): void {
  const quoted = JSON.stringify(path);
  try {
    makeDirectory(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new HookError('log', `cannot make ${quoted}: ${reason}`, { cause });
  }
  const stat = lstatSync(path);
  const user = process.geteuid?.();
  if (!stat.isDirectory())
    throw new HookError('log', `${quoted} is not a directory, or a link to one`);
  if (stat.uid !== user) {
    throw new HookError('log', `${quoted}: expected owner ${user}, found ${stat.uid}`);
  }
  if ((stat.mode & 0o022) !== 0) {
    const mode = (stat.mode & 0o7777).toString(8);
    throw new HookError('log', `${quoted}: others may write to it (mode ${mode})`);
  }
}

/** Not recursive at once: Node then says ENOENT of a read-only filesystem. */
function makeDirectory(path: string): void {
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    const code = systemErrorCode(error);
    if (code === 'ENOENT') mkdirSync(path, { recursive: true, mode: 0o700 });
    else if (code !== 'EEXIST') throw error;
  }
}
