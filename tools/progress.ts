import { isatty } from 'node:tty';
import { writeError } from './output.ts';

const STDERR = 2;
const QUIET_MS = 500;
const EVERY_MS = 100;
const LF = 0x0a;
const DOT = 0x2e;
const CLEAR_LINE = '\r\x1b[K';

/** Shows on a terminal how far a listing has come, and nothing elsewhere; `clear` wipes the line. */
export interface Progress {
  /** A piece of the listing, cut anywhere. */
  count(chunk: Uint8Array): void;
  clear(): void;
}

export function startProgress(what: string): Progress {
  return isatty(STDERR) ? terminalProgress(what) : noProgress;
}

export const noProgress: Progress = { count: () => {}, clear: () => {} };

function terminalProgress(what: string): Progress {
  let entries = 0;
  let atLineStart = true;
  let shown = false;
  let nextMs = Date.now() + QUIET_MS;
  return {
    count(chunk) {
      for (const byte of chunk) {
        if (atLineStart && byte === DOT) entries += 1;
        atLineStart = byte === LF;
      }
      const nowMs = Date.now();
      if (nowMs < nextMs) return;
      nextMs = nowMs + EVERY_MS;
      shown = true;
      writeError(`${CLEAR_LINE}${what}: ${entries.toLocaleString('en')} entries`);
    },
    clear() {
      if (shown) writeError(CLEAR_LINE);
      shown = false;
    },
  };
}
