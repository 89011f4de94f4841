/** What the kernel extends PCR 10 by, computed from its list: security/integrity/ima/ima_crypto.c, ima_queue.c. No Node imports. */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { isViolation, joined, type ListEntry } from './measurement-list.ts';

/** The register of the kernel's list (CONFIG_IMA_MEASURE_PCR_IDX). */
export const IMA_PCR = 10;

export type ReplayBank = 'sha256' | 'sha384' | 'sha512' | 'sha1';

interface Hash {
  (bytes: Uint8Array): Uint8Array;
  readonly outputLen: number;
}

const hashes: { readonly [bank in ReplayBank]: Hash } = { sha256, sha384, sha512, sha1 };

/** The banks that can be replayed, best first. */
export const replayBanks: readonly ReplayBank[] = ['sha256', 'sha384', 'sha512', 'sha1'];

export function isReplayBank(bank: string): bank is ReplayBank {
  return Object.hasOwn(hashes, bank);
}

export function bankHash(bank: ReplayBank): (bytes: Uint8Array) => Uint8Array {
  return hashes[bank];
}

export function zeroValue(bank: ReplayBank): Uint8Array {
  return new Uint8Array(hashes[bank].outputLen);
}

/** IMA_EVENT_NAME_LEN_MAX + 1 */
const PADDED_PATH_BYTES = 256;

/** What one entry extends a bank by. */
export function extendedBy(entry: ListEntry, bank: ReplayBank): Uint8Array {
  return isViolation(entry) ? allOnes(bank) : hashes[bank](hashedBytes(entry));
}

/** The same where the kernel had no such hash when IMA started. */
export function extendedByPadded(entry: ListEntry, bank: ReplayBank): Uint8Array {
  if (isViolation(entry)) return allOnes(bank);
  const padded = zeroValue(bank);
  padded.set(sha1(hashedBytes(entry)));
  return padded;
}

/** The register's value after one more entry of the list; entries of other registers change nothing. */
export function extendValue(
  value: Uint8Array,
  entry: ListEntry,
  bank: ReplayBank,
  by: typeof extendedBy = extendedBy,
): Uint8Array {
  return entry.pcr === IMA_PCR ? hashes[bank](joined([value, by(entry, bank)])) : value;
}

function allOnes(bank: ReplayBank): Uint8Array {
  return zeroValue(bank).fill(0xff);
}

function hashedBytes({ template, data }: ListEntry): Uint8Array {
  if (template !== 'ima') return data;
  const padded = new Uint8Array(20 + PADDED_PATH_BYTES);
  padded.set(data.subarray(0, 20));
  padded.set(data.subarray(24), 20);
  return padded;
}
