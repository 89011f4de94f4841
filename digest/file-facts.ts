/**
 * A `struct statx` (include/uapi/linux/stat.h), filled by the system calls and read in place: one is used again and
 * again, since an object for each of a million entries would cost more than the call.
 */
export class FileFacts {
  readonly bytes: Uint8Array = new Uint8Array(256);
  readonly #view = new DataView(this.bytes.buffer);

  #u32(offset: number): number {
    return this.#view.getUint32(offset, true);
  }

  /** Exact up to 2^53 − 1. */
  #u64(offset: number): number {
    return this.#u32(offset) + this.#u32(offset + 4) * 2 ** 32;
  }

  get format(): number {
    return this.#view.getUint16(0x1c, true) & 0o170000;
  }

  get permissions(): number {
    return this.#view.getUint16(0x1c, true) & 0o7777;
  }

  get uid(): number {
    return this.#u32(0x14);
  }

  get gid(): number {
    return this.#u32(0x18);
  }

  get size(): number {
    return this.#u64(0x28);
  }

  get major(): number {
    return this.#u32(0x80);
  }

  get minor(): number {
    return this.#u32(0x84);
  }

  /** Linux 5.8 and later; without it a bind mount of the same file system could not be seen. */
  get hasMountID(): boolean {
    return (this.#u32(0) & 0x1000) !== 0;
  }

  isOnMountOf(other: FileFacts): boolean {
    return this.#u32(0x90) === other.#u32(0x90) && this.#u32(0x94) === other.#u32(0x94);
  }
}

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

/** What must be the same before and after for a file or directory to count as unchanged. */
const STATE = [
  { name: 'type and mode', offset: 0x1c, length: 2 },
  { name: 'device', offset: 0x88, length: 8 },
  { name: 'inode', offset: 0x20, length: 8 },
  { name: 'size', offset: 0x28, length: 8 },
  { name: 'mtime', offset: 0x70, length: 12 },
  { name: 'ctime', offset: 0x60, length: 12 },
  { name: 'mount', offset: 0x90, length: 8 },
] as const;

/** Bytes that {@link saveState} needs. */
export const STATE_SIZE = 64;

export function stateOf(facts: FileFacts): Uint8Array {
  const state = new Uint8Array(STATE_SIZE);
  saveState(facts, state);
  return state;
}

export function saveState(facts: FileFacts, into: Uint8Array): void {
  let at = 0;
  for (const { offset, length } of STATE) {
    for (let i = 0; i < length; i++) into[at + i] = facts.bytes[offset + i] ?? 0;
    at += length;
  }
}

export function isState(facts: FileFacts, saved: Uint8Array): boolean {
  let at = 0;
  for (const { offset, length } of STATE) {
    for (let i = 0; i < length; i++) if (facts.bytes[offset + i] !== saved[at + i]) return false;
    at += length;
  }
  return true;
}

/** What differs between two saved states, in words: expected and found. */
export function describeDifference(
  expected: Uint8Array,
  found: Uint8Array,
): { expected: string; found: string } {
  const differences = [];
  let at = 0;
  for (const { name, length } of STATE) {
    const before = fieldText(name, expected.subarray(at, at + length));
    const after = fieldText(name, found.subarray(at, at + length));
    if (before !== after) differences.push({ name, before, after });
    at += length;
  }
  return {
    expected: differences.map(({ name, before }) => `${name} ${before}`).join(', '),
    found: differences.map(({ name, after }) => `${name} ${after}`).join(', '),
  };
}

function fieldText(name: string, field: Uint8Array): string {
  const view = new DataView(field.buffer, field.byteOffset, field.length);
  switch (name) {
    case 'type and mode':
      return view.getUint16(0, true).toString(8).padStart(7, '0');
    case 'device':
      return `${view.getUint32(0, true)},${view.getUint32(4, true)}`;
    case 'mtime':
    case 'ctime':
      return `${view.getBigInt64(0, true)}.${String(view.getUint32(8, true)).padStart(9, '0')}`;
    default:
      return String(view.getBigUint64(0, true));
  }
}
