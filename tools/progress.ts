import { STDERR, writeError } from './output.ts';
import { isTerminal } from './terminal.ts';

const QUIET_MS = 500;
const EVERY_MS = 100;
const LF = 0x0a;
const DOT = 0x2e;
const CLEAR_LINE = '\r\u001b[K';
const MB = 1_000_000;

/** Shows how far a work has come; `clear` wipes the line. */
export interface Progress<Part> {
  count(part: Part): void;
  clear(): void;
}

export const noProgress: Progress<unknown> = { count: () => {}, clear: () => {} };

/** Of pieces of a listing, cut anywhere. On a terminal, once it takes long; nothing elsewhere. */
export function startListingProgress(what: string): Progress<Uint8Array> {
  return isTerminal(STDERR) ? createListingProgress(what, writeError, Date.now) : noProgress;
}

export interface BytesRead {
  readonly read: number;
  readonly all: number;
}

/** Of bytes. On a terminal, once it takes long; nothing elsewhere. */
export function startByteProgress(what: string): Progress<BytesRead> {
  return isTerminal(STDERR) ? createByteProgress(what, writeError, Date.now) : noProgress;
}

type Write = (text: string) => void;
type Now = () => number;

export function createListingProgress(what: string, write: Write, now: Now): Progress<Uint8Array> {
  let entries = 0;
  let atLineStart = true;
  const line = createLine(write, now);
  return {
    count(chunk) {
      for (const byte of chunk) {
        // Lines of entries begin with a dot, those of attributes with #.
        if (atLineStart && byte === DOT) entries += 1;
        atLineStart = byte === LF;
      }
      line.show(() => `${what}: ${entries.toLocaleString('en')} entries`);
    },
    clear: () => line.clear(),
  };
}

export function createByteProgress(what: string, write: Write, now: Now): Progress<BytesRead> {
  const line = createLine(write, now);
  return {
    count: ({ read, all }) => line.show(() => `${what}: ${inMB(read)} of ${inMB(all)} MB`),
    clear: () => line.clear(),
  };
}

function inMB(bytes: number): string {
  return Math.floor(bytes / MB).toLocaleString('en');
}

/** A line that is written over again and again, but not too often, and not for what is quickly done. */
function createLine(write: Write, now: Now): { show(text: () => string): void; clear(): void } {
  let shown = false;
  let nextMs = now() + QUIET_MS;
  return {
    show(text) {
      if (now() < nextMs) return;
      nextMs = now() + EVERY_MS;
      shown = true;
      write(CLEAR_LINE + text());
    },
    clear() {
      if (shown) write(CLEAR_LINE);
      shown = false;
    },
  };
}
