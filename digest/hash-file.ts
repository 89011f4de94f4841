import type { Hash } from 'node:crypto';
import { type ContentRing, MAX_NAME_LENGTH, Status } from './content-ring.ts';
import { FileFacts, isState, saveState } from './file-facts.ts';
import {
  close,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  openAt,
  read,
  statDescriptor,
  uninterrupted,
} from './linux-syscalls.ts';

const CHUNK_SIZE = 256 * 1024;
const chunk = Buffer.allocUnsafeSlow(CHUNK_SIZE);
const name = Buffer.alloc(MAX_NAME_LENGTH + 1);
const facts = new FileFacts();

/** Answers one request: opens the file, checks before and after that it is the one that the walk saw, hashes it. */
export function hashFile(ring: ContentRing, ticket: number): void {
  ring.copyName(ticket, name);
  // O_NONBLOCK: a fifo that took the file's place must not hold us up.
  const flags = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
  const file = uninterrupted(() => openAt(ring.directory(ticket), name, flags));
  if (file < 0) return ring.answer(ticket, Status.notOpened, -file);
  try {
    hashOpenFile(ring, ticket, file);
  } finally {
    close(file);
  }
}

function hashOpenFile(ring: ContentRing, ticket: number, file: number): void {
  if (!isExpected(ring, ticket, file)) return ring.answer(ticket, Status.changed);
  const size = facts.size;
  const { error, digest } =
    size <= CHUNK_SIZE ? hashSmall(file, size) : hashLarge(file, size, ring);
  if (error !== undefined && error < 0) return ring.answer(ticket, Status.notRead, -error);
  if (!isExpected(ring, ticket, file)) return ring.answer(ticket, Status.changed);
  if (digest === undefined) return ring.answer(ticket, Status.short);
  ring.setDigest(ticket, digest);
  ring.answer(ticket, Status.hashed);
}

function isExpected(ring: ContentRing, ticket: number, file: number): boolean {
  if (statDescriptor(file, facts.bytes) < 0) return false;
  if (isState(facts, ring.expected(ticket))) return true;
  saveState(facts, ring.found(ticket));
  return false;
}

interface Hashed {
  readonly digest?: Uint8Array;
  /** Negated errno; 0: the file ended early. */
  readonly error?: number;
}

function hashSmall(file: number, size: number): Hashed {
  const error = fill(file, size);
  if (error !== undefined) return { error };
  const { hash } = process.getBuiltinModule('node:crypto');
  return { digest: hash('sha256', chunk.subarray(0, size), 'buffer') };
}

function hashLarge(file: number, size: number, ring: ContentRing): Hashed {
  const hash: Hash = process.getBuiltinModule('node:crypto').createHash('sha256');
  for (let left = size; left > 0; left -= CHUNK_SIZE) {
    const length = Math.min(left, CHUNK_SIZE);
    const error = fill(file, length);
    if (error !== undefined) return { error };
    // Nobody waits for the rest of a large file once the walk has failed.
    if (ring.isClosing) return { error: 0 };
    hash.update(chunk.subarray(0, length));
  }
  return { digest: hash.digest() };
}

/** Reads exactly `length` bytes into the chunk. */
function fill(file: number, length: number): number | undefined {
  for (let filled = 0; filled < length; ) {
    const count = uninterrupted(() => read(file, chunk.subarray(filled), length - filled));
    if (count <= 0) return count;
    filled += count;
  }
  return undefined;
}
