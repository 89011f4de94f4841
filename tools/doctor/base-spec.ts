/** A file that containerd makes the configuration of each container from (base_runtime_spec). */
import { readFileSync, statSync } from 'node:fs';
import { checkEntry, isOurs } from './check-entry.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, problem, warning } from './finding.ts';
import { type HookEntry, parseHook } from './hook-entry.ts';
import { listOf, tableAt } from './member.ts';

const CHECK = 'base-spec';
const EXPECTED = 'a base spec that containerd can read: without it no pod starts';
const MAX_BYTES = 16 * 1024 * 1024;

export interface BaseSpecReport {
  /** Whether it has our hook at all, rightly or not. */
  readonly callsHook: boolean;
  readonly findings: readonly Finding[];
}

export function checkBaseSpec(file: string, setup: EngineSetup): BaseSpecReport {
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    const spec: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const ours = hooksIn(file, spec).filter((entry) => isOurs(entry, setup.executable));
    const entries = ours.flatMap((entry) => checkEntry(entry, setup));
    return { callsHook: ours.length > 0, findings: [...entries, ...checkLimits(file, spec)] };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const mend = `mend ${file}, or: oci-measure install containerd; if it was uninstalled: systemctl restart containerd.service`;
    return {
      callsHook: false,
      findings: [problem(CHECK, `${file}: ${reason}`, EXPECTED, mend)],
    };
  }
}

/** Those at which anything is measured. @throws Error for a hook that is none */
function hooksIn(file: string, spec: unknown): readonly HookEntry[] {
  return ['prestart', 'createRuntime'].flatMap((stage) =>
    listOf(tableAt(spec, ['hooks'])?.[stage]).map((hook) =>
      parseHook(file, hook, { stages: [stage], always: true }),
    ),
  );
}

/** containerd's default has 1024 open files, which it takes out of pods' configuration only where there is no base spec. */
function checkLimits(file: string, spec: unknown): readonly Finding[] {
  const limits = listOf(tableAt(spec, ['process'])?.['rlimits']);
  if (limits.length === 0) return [];
  const found = `${file}: process.rlimits ${JSON.stringify(limits).slice(0, 200)}, for every container of every pod`;
  return [warning(CHECK, found, 'no process.rlimits', 'oci-measure install containerd')];
}
