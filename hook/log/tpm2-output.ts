/** What tpm2-tools print, read strictly: a TPM or a tool that answers anything else is not believed. */

import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { type BankName, bankSize, isBankName } from './bank.ts';
import type { PcrValues } from './tpm.ts';

/**
 * The banks that are active for a PCR, from `tpm2_getcap pcrs`:
 * `selected-pcrs:` and lines such as `  - sha256: [ 0, 1, … ]`.
 * @throws HookError 'tpm' for anything else, for no active bank, and for one that this program cannot compute
 */
export function parseActiveBanks(output: string, pcr: number): BankName[] {
  const [title, ...lines] = linesOf(output);
  if (title !== 'selected-pcrs:') throw garbage('tpm2_getcap', output);
  const banks: BankName[] = [];
  for (const line of lines) {
    const [, name, list = ''] = /^ {2}- (\w+): \[ (?:((?:\d+, )*\d+) )?\]$/.exec(line) ?? [];
    if (name === undefined) throw garbage('tpm2_getcap', line);
    if (!list.split(', ').includes(String(pcr))) continue;
    if (!isBankName(name) || banks.includes(name)) {
      throw new HookError(
        'tpm',
        `the TPM has an active bank that cannot be computed: ${quoted(name)}`,
      );
    }
    banks.push(name);
  }
  if (banks.length === 0) throw new HookError('tpm', `the TPM has no active bank with PCR ${pcr}`);
  return banks;
}

/**
 * The PCR's value in exactly these banks, from `tpm2_pcrread sha1:13+sha256:13`: `  sha1:` and `    13: 0x…` in turn.
 * @throws HookError 'tpm' for anything else
 */
export function parsePcrValues(output: string, pcr: number, banks: readonly BankName[]): PcrValues {
  const lines = linesOf(output);
  const values = new Map<BankName, Uint8Array>();
  for (let at = 0; at < lines.length; at += 2) {
    const bank = /^ {2}(\w+):$/.exec(lines[at] ?? '')?.[1] ?? '';
    const [, index, digits = ''] =
      /^ {4}(\d+) ?: 0x([0-9A-Fa-f]+)$/.exec(lines[at + 1] ?? '') ?? [];
    if (!isBankName(bank) || values.has(bank) || index !== String(pcr)) {
      throw garbage('tpm2_pcrread', output);
    }
    if (digits.length !== bankSize(bank) * 2) throw garbage('tpm2_pcrread', output);
    values.set(bank, Uint8Array.fromHex(digits));
  }
  if (values.size !== banks.length || !banks.every((bank) => values.has(bank))) {
    throw garbage('tpm2_pcrread', output);
  }
  return values;
}

function linesOf(output: string): string[] {
  return output.replace(/\n$/, '').split('\n');
}

function garbage(tool: string, output: string): HookError {
  return new HookError('tpm', `${tool} answers what cannot be right: ${quoted(output)}`);
}
