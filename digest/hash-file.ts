import { closeSync, readSync } from 'node:fs';
import { type ContentRing, Status } from './content-ring.ts';
import { FileFacts } from './file-facts.ts';
import {
  EINTR,
  EIO,
  Memory,
  O_NOCTTY,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_RDONLY,
  openAt,
  statDescriptor,
} from './linux-syscalls.ts';
import { Sha256, sha256 } from './sha256.ts';

// O_NONBLOCK: a fifo that took the file's place must not hold us up.
const FLAGS = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY;
const CHUNK_SIZE = 256 * 1024;

const chunkSpace = new Memory(CHUNK_SIZE);
const chunk = chunkSpace.bytes;
const name = new Memory(256); // NAME_MAX and NUL
const facts = new FileFacts();

/** Opens the file of a request. @returns undefined if it could not be opened: the request is answered then */
export function openRequested(ring: ContentRing, ticket: number): number | undefined {
  ring.copyName(ticket, name.bytes);
  let file = openAt(ring.directory(ticket), name.address, FLAGS);
  while (file === -EINTR) file = openAt(ring.directory(ticket), name.address, FLAGS);
  if (file >= 0) return file;
  ring.answer(ticket, Status.notOpened, -file);
  return undefined;
}

/**
 * Answers a request: hashes the open file, which must be in the state that the walk saw when it has been read. Closes it.
 *
 * @param checkpoint called now and then while a large file is read; may throw
 */
export function hashRequested(
  ring: ContentRing,
  ticket: number,
  file: number,
  checkpoint: () => void,
): void {
  try {
    hashOpenFile(ring, ticket, file, checkpoint);
  } catch (error) {
    ring.answer(ticket, Status.broken);
    throw error;
  } finally {
    closeSync(file);
  }
}

function hashOpenFile(
  ring: ContentRing,
  ticket: number,
  file: number,
  checkpoint: () => void,
): void {
  const size = ring.expectedSize(ticket);
  const isLarge = size > CHUNK_SIZE;
  // A small file is read first and believed after: what is read in vain is one chunk at most.
  if (isLarge && !isExpected(ring, ticket, file)) return ring.answerWithChange(ticket, facts);
  const digest = isLarge ? hashLarge(file, size, checkpoint) : hashSmall(file, size);
  if (!isExpected(ring, ticket, file)) return ring.answerWithChange(ticket, facts);
  if (typeof digest !== 'number') return ring.answerWithDigest(ticket, digest);
  if (digest < 0) return ring.answer(ticket, Status.notRead, -digest);
  ring.answer(ticket, Status.short);
}

function isExpected(ring: ContentRing, ticket: number, file: number): boolean {
  // fstat of an open file does not fail; if it did, nothing of it would be as expected.
  if (statDescriptor(file, facts.address) < 0) facts.bytes.fill(0);
  return ring.isExpected(ticket, facts);
}

/** The SHA-256; 0 if the file ended early, or the negated errno. */
type Digest = Uint8Array | number;

function hashSmall(file: number, size: number): Digest {
  const result = fill(file, size);
  if (result <= 0) return result;
  return sha256(chunkSpace.address, size);
}

function hashLarge(file: number, size: number, checkpoint: () => void): Digest {
  using whole = new Sha256();
  for (let left = size; left > 0; left -= CHUNK_SIZE) {
    const length = Math.min(left, CHUNK_SIZE);
    const result = fill(file, length);
    if (result <= 0) return result;
    checkpoint();
    whole.update(chunkSpace.address, length);
  }
  return whole.digest();
}

/** Reads exactly `length` bytes into the chunk. @returns length; 0 at an early end, or the negated errno */
function fill(file: number, length: number): number {
  for (let filled = 0; filled < length; ) {
    const count = readInto(filled, length - filled, file);
    if (count <= 0) return count;
    filled += count;
  }
  return length;
}

/** Node's own read and close take half the time of foreign calls (measured: 1.0 µs against 2.0), and read again after EINTR. */
function readInto(start: number, length: number, file: number): number {
  try {
    return readSync(file, chunk, start, length, null);
  } catch (error) {
    return error instanceof Error && 'errno' in error ? Number(error.errno) : -EIO;
  }
}
