import { HookError } from '#hook/errors';
import type { BankName } from './bank.ts';

/** What one PCR holds, in every active bank. */
export type PcrValues = ReadonlyMap<BankName, Uint8Array>;

/** What the hook needs of a TPM. Both methods throw HookError 'tpm'. */
export interface Tpm {
  /** The PCR's value in each bank that is active for it. Never empty. */
  readPcr(pcr: number): Promise<PcrValues>;
  /**
   * One extend of all these banks. A rejection does not say that nothing was extended: the answer may be late, or lost.
   */
  extendPcr(pcr: number, digests: PcrValues): Promise<void>;
}

/**
 * 10 is IMA's; 16 and 23 can be reset from user space; 17–22 cannot be extended from it, or start from ones.
 * @throws HookError 'config' for those, and for what is no PCR
 */
export function checkPcr(pcr: number): void {
  if (!Number.isInteger(pcr) || pcr < 0 || pcr > 23) {
    throw new HookError('config', `tpm.pcr: expected a PCR from 0 to 15, found ${pcr}`);
  }
  if (pcr === 10) throw new HookError('config', 'tpm.pcr: PCR 10 belongs to the kernel (IMA)');
  if (pcr >= 16) {
    throw new HookError(
      'config',
      `tpm.pcr: PCR ${pcr} can be reset or is not the system's to extend`,
    );
  }
}
