/**
 * `oci-measure add-hook ENTRY ARGS…`: what the front that Docker starts in a runtime's place (tools/install/docker/front.ts) runs before it
 * hands a container over to that runtime. Not for people.
 */
import { lstatSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { printableAscii, quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { readTrustedFile } from '#hook/input/trusted-file';
import { withHookEntry } from './add-hook/hook-entry-text.ts';
import { putText } from './add-hook/put-text.ts';
import { readRuntimeCall, type StartCall } from './add-hook/runtime-call.ts';
import { logToRuntimesLog } from './add-hook/runtime-log.ts';
import { ToolError } from './errors.ts';
import type { HookCommand } from './install/hook-command.ts';
import { writeError } from './output.ts';
import { messageOf } from './report.ts';

/** As large as the hook takes. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Puts a hook entry into the config.json of the bundle that a runtime was asked to start.
 *
 * @param args the entry as JSON, then the arguments of the runtime
 * @returns 0: done, or nothing to do; 1: the container must not start, and why is where the runtime's caller looks for it
 */
export function addHook([entry = '', ...args]: readonly string[]): number {
  process.umask(0o077);
  let call: StartCall | undefined;
  try {
    call = readRuntimeCall(args);
    const hook = readEntry(entry);
    if (call !== undefined) addToBundle(call, hook);
    return 0;
  } catch (error) {
    refuse(call, error);
    return 1;
  }
}

function addToBundle({ bundle = '.' }: StartCall, entry: HookCommand): void {
  const path = resolve(bundle, 'config.json');
  const bytes = readTrustedFile({ path, maxBytes: MAX_BYTES, code: 'bundle' });
  if (bytes === undefined)
    throw new HookError('bundle', `no config.json: expected ${quoted(path)}`);
  const text = withHookEntry(bytes, path, entry);
  if (text === undefined) return;
  const made = `${path}.oci-measure-${process.pid}`;
  try {
    putText(path, text, made, lstatSync(path));
  } catch (cause) {
    rmSync(made, { force: true });
    throw new HookError('bundle', `cannot write ${quoted(path)}`, { cause });
  }
}

function readEntry(text: string): HookCommand {
  const entry: unknown = text.startsWith('{') ? JSON.parse(text) : undefined;
  if (isEntry(entry)) return entry;
  throw new ToolError('usage', 'add-hook: expected a hook entry', {
    hint: 'this command is for the runtime that `oci-measure install docker` makes',
  });
}

function isEntry(value: unknown): value is HookCommand {
  return typeof value === 'object' && value !== null && 'path' in value && 'args' in value;
}

function refuse(call: StartCall | undefined, error: unknown): void {
  const container = call?.id === undefined ? 'container' : `container ${call.id}`;
  const line = printableAscii(`oci-measure: ${container} not started: ${messageOf(error)}`);
  try {
    if (call !== undefined) logToRuntimesLog(call, line);
  } catch {
    // It is told below, too.
  }
  writeError(`${line}\n`);
}
