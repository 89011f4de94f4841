import { Memory } from './linux-syscalls.ts';

/**
 * A `struct statx` (include/uapi/linux/stat.h), filled by the system calls and read in place: one is used again and
 * again, since an object for each of a million entries would cost more than the call.
 */
export class FileFacts {
  readonly #memory = new Memory(256);
  /** All fields are little-endian and lie at multiples of four bytes, on every architecture that Node runs on. */
  readonly words: Int32Array = new Int32Array(this.#memory.bytes.buffer);

  get bytes(): Uint8Array {
    return this.#memory.bytes;
  }

  get address(): bigint {
    return this.#memory.address;
  }

  #unsigned(word: number): number {
    return (this.words[word] ?? 0) >>> 0;
  }

  get format(): number {
    return this.#unsigned(Word.mode) & 0o170000;
  }

  get permissions(): number {
    return this.#unsigned(Word.mode) & 0o7777;
  }

  get uid(): number {
    return this.#unsigned(Word.uid);
  }

  get gid(): number {
    return this.#unsigned(Word.gid);
  }

  /** Exact up to 2^53 − 1. */
  get size(): number {
    return this.#unsigned(Word.size) + this.#unsigned(Word.size + 1) * 2 ** 32;
  }

  get major(): number {
    return this.#unsigned(Word.major);
  }

  get minor(): number {
    return this.#unsigned(Word.minor);
  }

  /** Linux 5.8 and later; without it a bind mount of the same file system could not be seen. */
  get hasMountID(): boolean {
    return (this.#unsigned(Word.mask) & STATX_MNT_ID) !== 0;
  }

  isOnMountOf(other: FileFacts): boolean {
    return (
      this.words[Word.mount] === other.words[Word.mount] &&
      this.words[Word.mount + 1] === other.words[Word.mount + 1]
    );
  }
}

const STATX_MNT_ID = 0x1000;

const Word = {
  mask: 0,
  uid: 5,
  gid: 6,
  mode: 7, // 16 bits, and 16 that are zero
  inode: 8,
  size: 10,
  ctime: 24,
  mtime: 28,
  major: 32,
  minor: 33,
  device: 34,
  mount: 36,
} as const;

/** `st_mode & S_IFMT` */
export const Format = {
  fifo: 0o010000,
  char: 0o020000,
  dir: 0o040000,
  block: 0o060000,
  file: 0o100000,
  link: 0o120000,
  socket: 0o140000,
} as const;

/**
 * What must be the same before and after for a file or directory to count as unchanged: its words, one after the
 * other. A time is seconds (two words) and nanoseconds.
 */
const STATE = [
  { name: 'type and mode', words: [Word.mode] },
  { name: 'device', words: [Word.device, Word.device + 1] },
  { name: 'inode', words: [Word.inode, Word.inode + 1] },
  { name: 'size', words: [Word.size, Word.size + 1] },
  { name: 'mtime', words: [Word.mtime, Word.mtime + 1, Word.mtime + 2] },
  { name: 'ctime', words: [Word.ctime, Word.ctime + 1, Word.ctime + 2] },
  { name: 'mount', words: [Word.mount, Word.mount + 1] },
] as const;
const STATE_WORDS: readonly number[] = STATE.flatMap(({ words }) => words);

/** Words of a saved state. */
export const STATE_LENGTH: number = STATE_WORDS.length;

export type FileState = Int32Array;

export function stateOf(facts: FileFacts): FileState {
  const state = new Int32Array(STATE_LENGTH);
  saveState(facts, state, 0);
  return state;
}

export function saveState({ words }: FileFacts, into: Int32Array, at: number): void {
  for (let i = 0; i < STATE_LENGTH; i++) into[at + i] = words[STATE_WORDS[i] ?? 0] ?? 0;
}

const SIZE_IN_STATE = STATE_WORDS.indexOf(Word.size);

/** Exact up to 2^53 − 1. */
export function savedSize(saved: Int32Array, at: number): number {
  const low = saved[at + SIZE_IN_STATE] ?? 0;
  const high = saved[at + SIZE_IN_STATE + 1] ?? 0;
  return (low >>> 0) + (high >>> 0) * 2 ** 32;
}

export function isState({ words }: FileFacts, saved: Int32Array, at = 0): boolean {
  for (let i = 0; i < STATE_LENGTH; i++) {
    if (words[STATE_WORDS[i] ?? 0] !== saved[at + i]) return false;
  }
  return true;
}

/** What differs between two states, in words. */
export function describeDifference(
  expected: FileState,
  found: FileState,
): { expected: string; found: string } {
  const differences = [];
  let at = 0;
  for (const { name, words } of STATE) {
    const before = fieldText(name, expected.slice(at, at + words.length));
    const after = fieldText(name, found.slice(at, at + words.length));
    if (before !== after) differences.push({ name, before, after });
    at += words.length;
  }
  return {
    expected: differences.map(({ name, before }) => `${name} ${before}`).join(', '),
    found: differences.map(({ name, after }) => `${name} ${after}`).join(', '),
  };
}

function fieldText(name: (typeof STATE)[number]['name'], field: Int32Array): string {
  const view = new DataView(field.buffer);
  switch (name) {
    case 'type and mode':
      return view.getUint16(0, true).toString(8).padStart(7, '0');
    case 'device':
      return `${view.getUint32(0, true)},${view.getUint32(4, true)}`;
    case 'mtime':
    case 'ctime':
      return `${view.getBigInt64(0, true)}.${String(view.getUint32(8, true)).padStart(9, '0')}`;
    case 'inode':
    case 'size':
    case 'mount':
      return String(view.getBigUint64(0, true));
  }
}
