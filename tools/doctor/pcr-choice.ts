import { type Finding, ok, problem, warning } from './finding.ts';

const CHECK = 'pcr';
const EXPECTED = 'a PCR that nobody else extends: 13';
const MEND = 'set pcr = 13 under [tpm]';

/** Who extends the others: TCG PC Client Platform Firmware Profile, and the Linux TPM PCR Registry (UAPI Group). */
const OWNERS: ReadonlyMap<number, string> = new Map([
  [8, 'boot loaders (GRUB commands)'],
  [9, 'boot loaders and the kernel (files, initrd)'],
  [10, 'IMA'],
  [11, 'systemd-stub (unified kernel images)'],
  [12, 'systemd-stub (command line, credentials)'],
  [14, 'shim (MOK)'],
  [15, 'systemd (machine id, root file system)'],
]);

/** Whether the configured PCR is ours to extend. */
export function checkPcrChoice(pcr: number): readonly Finding[] {
  if (pcr === 13) return [ok(CHECK, 'PCR 13', EXPECTED)];
  if (pcr === 10) return [problem(CHECK, 'PCR 10 belongs to IMA', EXPECTED, MEND)];
  if (pcr >= 16) {
    return [problem(CHECK, `PCR ${pcr} can be reset without a reboot`, EXPECTED, MEND)];
  }
  const owner = pcr < 8 ? 'firmware' : (OWNERS.get(pcr) ?? 'others');
  const found = `PCR ${pcr} is also extended by ${owner}: every such extend shows as a gap`;
  return [warning(CHECK, found, EXPECTED, MEND)];
}
