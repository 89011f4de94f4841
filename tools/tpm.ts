import type { Config } from '#hook/input/config';
import type { Tpm } from '#hook/log/tpm';
import { createTpmTools } from '#hook/log/tpm-tools';

/** The TPM that the hook would use, to read from: without the hook's lock nothing may be extended. */
export function openTpm({ tpm: { tcti, timeout } }: Config): Pick<Tpm, 'readPcr'> {
  return createTpmTools({ tcti, timeoutSeconds: timeout });
}
