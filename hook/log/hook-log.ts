/** What the hook had to say, where a runtime throws standard error away: JSON lines, bounded, not measured (docs/measurement-log.md §9). */
import { appendFileSync, closeSync, constants, lstatSync, openSync, renameSync } from 'node:fs';

export type HookLogLine = Readonly<Record<string, unknown>> & {
  /** What happened: `measured`, `denied` and so on. */
  readonly event: string;
};

/** Together with the file before it, twice this. */
export const MAX_HOOK_LOG_BYTES: number = 1024 * 1024;
const MAX_LINE_BYTES = 16 * 1024;

/**
 * Adds one line, with `time` and `pid`. Never throws: whoever cannot write it has a better reason to fail.
 * @returns whether it was written
 */
export function writeHookLog(path: string, line: HookLogLine): boolean {
  try {
    const bytes = Buffer.from(encodeLine(line));
    rotateFor(path, bytes.length);
    const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = constants;
    const fd = openSync(path, O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_WRONLY, 0o600);
    try {
      appendFileSync(fd, bytes);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch {
    return false;
  }
}

function encodeLine(line: HookLogLine): string {
  const stamp = { time: new Date().toISOString(), pid: process.pid };
  const text = `${JSON.stringify({ ...stamp, ...line })}\n`;
  if (text.length <= MAX_LINE_BYTES) return text;
  return `${JSON.stringify({ ...stamp, event: line.event, tooLong: text.slice(0, 1024) })}\n`;
}

/** Two hooks may do this at once, without the lock: then one file before is lost, and nothing else. */
function rotateFor(path: string, bytes: number): void {
  const size = lstatSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (size + bytes > MAX_HOOK_LOG_BYTES) renameSync(path, `${path}.1`);
}
