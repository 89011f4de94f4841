/**
 * A bank is the set of a TPM's PCRs that share one hash algorithm. The names are tpm2-tools' own, which are also the
 * `hashAlg` values of the TCG Canonical Event Log and of systemd's log.
 */
const sizes = {
  sha1: 20,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  sha3_256: 32,
  sha3_384: 48,
  sha3_512: 64,
} as const;

export type BankName = keyof typeof sizes;

/** In the order in which records and intents list them: sha256 first, since some readers of such logs look at the first alone. */
export const bankNames: readonly BankName[] = [
  'sha256',
  'sha1',
  'sha384',
  'sha512',
  'sha3_256',
  'sha3_384',
  'sha3_512',
];

export function isBankName(name: string): name is BankName {
  return Object.hasOwn(sizes, name);
}

/** Bytes of one value in this bank. */
export function bankSize(bank: BankName): number {
  return sizes[bank];
}
