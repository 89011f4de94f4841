/**
 * PCR arithmetic without a TPM: TPM 2.0 Library Part 1, "Extend of a PCR": new = H(old ‖ digest), in each bank with its own H.
 * No Node imports: a verifier runs it anywhere.
 */
import { sha1 } from '@noble/hashes/legacy.js';
import { sha256, sha384, sha512 } from '@noble/hashes/sha2.js';
import { sha3_256, sha3_384, sha3_512 } from '@noble/hashes/sha3.js';
import { type BankName, bankNames, bankSize } from './bank.ts';
import type { BankValues } from './measurement-event.ts';
import type { PcrValues } from './tpm.ts';

const hashes: { readonly [bank in BankName]: (bytes: Uint8Array) => Uint8Array } = {
  sha1,
  sha256,
  sha384,
  sha512,
  sha3_256,
  sha3_384,
  sha3_512,
};

/** The digest that an event's string is extended as, in each of these banks. */
export function digestString(string: string, banks: Iterable<BankName>): PcrValues {
  const bytes = new TextEncoder().encode(string);
  return inOrder(new Map([...banks].map((bank) => [bank, hashes[bank](bytes)])));
}

/** @throws RangeError if `digests` has not exactly the banks of `values` */
export function extend(values: PcrValues, digests: PcrValues): PcrValues {
  if (!sameBanks(values, digests)) throw new RangeError('an extend of other banks');
  const extended = new Map<BankName, Uint8Array>();
  for (const [bank, value] of values) {
    extended.set(bank, hashes[bank](Uint8Array.of(...value, ...(digests.get(bank) ?? []))));
  }
  return extended;
}

export function sameBanks(one: PcrValues, other: PcrValues): boolean {
  return one.size === other.size && [...one.keys()].every((bank) => other.has(bank));
}

/** The same banks with the same values. */
export function sameValues(one: PcrValues, other: PcrValues): boolean {
  return (
    sameBanks(one, other) &&
    [...one].every(([bank, value]) => value.toHex() === other.get(bank)?.toHex())
  );
}

export function isAllZero(values: PcrValues): boolean {
  return [...values.values()].every((value) => value.every((byte) => byte === 0));
}

export function zeros(banks: Iterable<BankName>): PcrValues {
  return inOrder(new Map([...banks].map((bank) => [bank, new Uint8Array(bankSize(bank))])));
}

/** In hexadecimal, banks in the order of records. */
export function toBankValues(values: PcrValues): BankValues {
  return Object.fromEntries([...inOrder(values)].map(([bank, value]) => [bank, value.toHex()]));
}

/** The inverse of `toBankValues`, of what a decoded event holds. */
export function fromBankValues(values: BankValues): PcrValues {
  const read = new Map<BankName, Uint8Array>();
  for (const bank of bankNames) {
    const digits = values[bank];
    if (digits !== undefined) read.set(bank, Uint8Array.fromHex(digits));
  }
  return read;
}

function inOrder(values: PcrValues): PcrValues {
  const ordered = new Map<BankName, Uint8Array>();
  for (const bank of bankNames) {
    const value = values.get(bank);
    if (value !== undefined) ordered.set(bank, value);
  }
  return ordered;
}
