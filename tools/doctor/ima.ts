import { type Finding, ok, problem } from './finding.ts';

const CHECK = 'ima';

/** The kernel's measurement list is not written yet: a configuration that asks for it cannot be met. */
export function checkIma(mode: string): readonly Finding[] {
  const expected = 'ima.mode = "off"';
  if (mode === 'off') return [ok(CHECK, expected, expected)];
  const found = `ima.mode = ${JSON.stringify(mode)}, and records in the kernel's measurement list are not there yet`;
  return [problem(CHECK, found, expected, 'set mode = "off" under [ima]')];
}
