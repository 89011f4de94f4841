import { getSystemErrorMessage, getSystemErrorName } from 'node:util';
import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { quotePath } from './listing-path.ts';

/** @param errno positive */
export function describeErrno(errno: number): string {
  return `${getSystemErrorName(-errno)} (${getSystemErrorMessage(-errno)})`;
}

/** @param result of a system call that failed: the negated errno */
export function unreadable(action: string, path: ByteString, result: number): DigestError {
  return new DigestError(
    'unreadable',
    `could not ${action} ${quotePath(path)}: ${describeErrno(-result)}`,
  );
}

export function changed(path: ByteString, expected: string, found: string): DigestError {
  return new DigestError(
    'changed',
    `${quotePath(path)} changed while it was read: expected ${expected}, found ${found}`,
  );
}

/** Names the entry in an error that was made where its path was not known. */
export function atPath(path: ByteString, error: unknown): unknown {
  if (!(error instanceof DigestError)) return error;
  return new DigestError(error.code, `${quotePath(path)}: ${error.message}`, { cause: error });
}
