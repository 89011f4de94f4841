import { isatty } from 'node:tty';
import { writeError } from './output.ts';

const STDERR = 2;
const QUIET_MS = 500;
const EVERY_MS = 100;
const LF = 0x0a;
const DOT = 0x2e;
const CLEAR_LINE = '\r\u001b[K';

/** Shows how far a listing has come; `clear` wipes the line. */
export interface Progress {
  /** A piece of the listing, cut anywhere. */
  count(chunk: Uint8Array): void;
  clear(): void;
}

export const noProgress: Progress = { count: () => {}, clear: () => {} };

/** On a terminal, once it takes long; nothing elsewhere. */
export function startProgress(what: string): Progress {
  return isatty(STDERR) ? createProgress(what, writeError, Date.now) : noProgress;
}

export function createProgress(
  what: string,
  write: (text: string) => void,
  now: () => number,
): Progress {
  let entries = 0;
  let atLineStart = true;
  let shown = false;
  let nextMs = now() + QUIET_MS;
  return {
    count(chunk) {
      for (const byte of chunk) {
        // Lines of entries begin with a dot, those of attributes with #.
        if (atLineStart && byte === DOT) entries += 1;
        atLineStart = byte === LF;
      }
      if (now() < nextMs) return;
      nextMs = now() + EVERY_MS;
      shown = true;
      write(`${CLEAR_LINE}${what}: ${entries.toLocaleString('en')} entries`);
    },
    clear() {
      if (shown) write(CLEAR_LINE);
      shown = false;
    },
  };
}
