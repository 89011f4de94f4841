import { HookError } from '#hook/errors';
import type { BankName } from './bank.ts';
import { extend, sameBanks, zeros } from './pcr.ts';
import type { PcrValues, Tpm } from './tpm.ts';

/** A TPM in memory, fresh from a reset. Passes tpm.contract.ts. */
export class FakeTpm implements Tpm {
  readonly #banks: readonly BankName[];
  readonly #pcrs = new Map<number, PcrValues>();

  constructor(banks: readonly BankName[] = ['sha1', 'sha256']) {
    this.#banks = banks;
  }

  async readPcr(pcr: number): Promise<PcrValues> {
    return Promise.resolve(this.#value(pcr));
  }

  async extendPcr(pcr: number, digests: PcrValues): Promise<void> {
    const value = this.#value(pcr);
    if (!sameBanks(value, digests)) throw new HookError('tpm', 'an extend of other banks');
    this.#pcrs.set(pcr, extend(value, digests));
    return Promise.resolve();
  }

  #value(pcr: number): PcrValues {
    if (pcr < 0 || pcr > 23) throw new HookError('tpm', `no PCR ${pcr}`);
    return this.#pcrs.get(pcr) ?? zeros(this.#banks);
  }
}
