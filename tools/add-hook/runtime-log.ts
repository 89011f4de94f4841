import { closeSync, constants, openSync, writeSync } from 'node:fs';
import type { StartCall } from './runtime-call.ts';

const { O_WRONLY, O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK } = constants;

/**
 * Tells why a container does not start where the runtime would have: in the file of `--log`, from which containerd's shim takes the last line
 * of level error for its own message (getLastRuntimeError), and so Docker's user sees it.
 */
export function logToRuntimesLog({ log, logFormat }: StartCall, message: string): void {
  // crun's `journald:` and `syslog:` are no files.
  if (log === undefined || !/^(?:file:)?\//.test(log)) return;
  const path = log.replace(/^file:/, '');
  const file = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0o600);
  try {
    writeSync(file, `${logLine(logFormat, message)}\n`);
  } finally {
    closeSync(file);
  }
}

/** As runc writes it. */
function logLine(format: StartCall['logFormat'], msg: string): string {
  const time = new Date().toISOString();
  if (format === 'json') return JSON.stringify({ level: 'error', msg, time });
  return `time=${JSON.stringify(time)} level=error msg=${JSON.stringify(msg)}`;
}
