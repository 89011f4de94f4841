/**
 * The rules that a kernel has of itself (security/integrity/ima/ima_policy.c), as text. Loading a policy replaces those of `tcb`,
 * `appraise_tcb` and `critical_data`, so a policy that is to keep them has to spell them out. Those of `secure_boot` and of the
 * architecture stay in force beside any policy that is loaded.
 */
import { ToolError } from '#tools/errors';

/** include/uapi/linux/magic.h */
const FILE_SYSTEMS: Readonly<Record<string, string>> = {
  proc: '0x9fa0',
  sysfs: '0x62656572',
  debugfs: '0x64626720',
  tmpfs: '0x1021994',
  ramfs: '0x858458f6',
  devpts: '0x1cd1',
  binfmt: '0x42494e4d',
  securityfs: '0x73636673',
  selinux: '0xf97cff8c',
  smack: '0x43415d53',
  cgroup: '0x27e0eb',
  cgroup2: '0x63677270',
  nsfs: '0x6e736673',
  efivarfs: '0xde5e81e4',
};

const except = (action: string, leftOut: readonly string[]): string[] =>
  Object.entries(FILE_SYSTEMS)
    .filter(([name]) => !leftOut.includes(name))
    .map(([, magic]) => `${action} fsmagic=${magic}`);

const DONT_MEASURE = except('dont_measure', ['ramfs']);
const EXECUTED = ['measure func=MMAP_CHECK mask=MAY_EXEC', 'measure func=BPRM_CHECK mask=MAY_EXEC'];
const LOADED = ['measure func=MODULE_CHECK', 'measure func=FIRMWARE_CHECK'];

/** `ima_policy=tcb` */
const TCB = [
  ...DONT_MEASURE,
  ...EXECUTED,
  'measure func=FILE_CHECK mask=^MAY_READ euid=0',
  'measure func=FILE_CHECK mask=^MAY_READ uid=0',
  ...LOADED,
  'measure func=POLICY_CHECK',
];

/** `ima_tcb` */
const ORIGINAL_TCB = [
  ...DONT_MEASURE,
  ...EXECUTED,
  'measure func=FILE_CHECK mask=MAY_READ uid=0',
  ...LOADED,
];

/** A kernel's build decides what else `appraise_tcb` asks for: signatures, and of what. */
const APPRAISE = ['appraise_tcb', 'ima_appraise_tcb'];

/**
 * @param commandLine /proc/cmdline
 * @returns the rules in force that loading a policy would end
 * @throws ToolError `install` where they cannot be known
 */
export function builtInRules(commandLine: string): readonly string[] {
  const words = commandLine.trim().split(/\s+/);
  const chosen = words
    .filter((word) => word.startsWith('ima_policy='))
    .flatMap((word) => word.slice('ima_policy='.length).split('|'));
  const appraising = [...chosen, ...words].find((word) => APPRAISE.includes(word));
  if (appraising !== undefined) {
    throw new ToolError(
      'install',
      `the kernel was started with ${appraising}, whose rules depend on how it was built: they cannot be written out`,
      { hint: 'write the whole policy to /etc/ima/ima-policy first' },
    );
  }
  const critical = chosen.includes('critical_data') ? ['measure func=CRITICAL_DATA'] : [];
  return [...measurementRules(words), ...critical];
}

/** Whether the kernel measures of itself whatever root reads: records, too. */
export function measuresWhatRootReads(commandLine: string): boolean {
  return measurementRules(commandLine.trim().split(/\s+/)).length > 0;
}

/** Of several, the kernel takes the first. */
function measurementRules(words: readonly string[]): readonly string[] {
  for (const word of words) {
    if (word === 'ima_tcb') return ORIGINAL_TCB;
    if (/^ima_policy=(.*\|)?tcb(\||$)/.test(word)) return TCB;
  }
  return [];
}
