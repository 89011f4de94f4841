import { isRoot } from '#digest/thread-credentials';
import type { BankName } from '#hook/log/bank';
import type { Tpm } from '#hook/log/tpm';
import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'tpm';
const STRONG: readonly BankName[] = [
  'sha256',
  'sha384',
  'sha512',
  'sha3_256',
  'sha3_384',
  'sha3_512',
];

export interface TpmSettings {
  readonly tcti: string;
  readonly pcr: number;
}

/** Whether the TPM answers where the configuration says it is, and which banks a record would be extended into. */
export async function checkTpm(
  { tcti, pcr }: TpmSettings,
  tpm: Pick<Tpm, 'readPcr'>,
): Promise<readonly Finding[]> {
  const expected = `a TPM 2.0 that answers at ${tcti}, with PCR ${pcr} in a bank stronger than sha1`;
  try {
    const banks = [...(await tpm.readPcr(pcr)).keys()];
    const found = `${tcti}: PCR ${pcr} in ${banks.join(', ')}`;
    if (banks.some((bank) => STRONG.includes(bank))) return [ok(CHECK, found, expected)];
    const mend = 'allocate the sha256 bank: tpm2_pcrallocate sha256:all, then reboot';
    return [warning(CHECK, found, expected, mend)];
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return [unreachable(`${tcti}: ${reason}`, expected)];
  }
}

function unreachable(found: string, expected: string): Finding {
  if (!isRoot()) return warning(CHECK, found, expected, 'run `oci-measure doctor` as root');
  const mend =
    'set tcti under [tpm] of the configuration to where the TPM is, or start what serves it';
  return problem(CHECK, found, expected, mend);
}
