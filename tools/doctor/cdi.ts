/** The device of the Container Device Interface that single containers can be given the hook with. */
import { readFileSync, statSync } from 'node:fs';
import { systemErrorCode } from '#digest/system-error-code';
import { CDI_FILE } from '#tools/install/own-places';
import { checkEntry, type HookSetup, isOurs } from './check-entry.ts';
import { type Finding, ok, problem } from './finding.ts';
import { type HookEntry, parseHook } from './hook-entry.ts';
import { listOf, tableAt, textAt } from './member.ts';

const CHECK = 'cdi';
const EXPECTED = 'a CDI file that gives containers the hook';
const MAX_BYTES = 1024 * 1024;

/** Nothing where there is no such file. */
export function checkCdi(setup: HookSetup, file: string = CDI_FILE): readonly Finding[] {
  try {
    if (statSync(file).size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    const cdi: unknown = JSON.parse(readFileSync(file, 'utf8'));
    const entries = listOf(tableAt(cdi, [])?.['devices'])
      .flatMap((device) => hooksOf(file, device))
      .filter((entry) => isOurs(entry, setup.executable));
    if (entries.length === 0) throw new Error('no device with the hook');
    const wrong = entries.flatMap((entry) => checkEntry(entry, setup)).filter(isWrong);
    const found = `${file}: containers that are given the device call the hook, and no others`;
    return wrong.length > 0 ? wrong : [ok(CHECK, found, EXPECTED)];
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return [];
    const reason = error instanceof Error ? error.message : String(error);
    const mend = 'oci-measure install docker --cdi, or remove it';
    return [problem(CHECK, `${file}: ${reason}`, EXPECTED, mend)];
  }
}

function hooksOf(file: string, device: unknown): readonly HookEntry[] {
  const hooks = listOf(tableAt(device, ['containerEdits'])?.['hooks']);
  return hooks.map((hook) =>
    parseHook(file, hook, { stages: [textAt(hook, ['hookName'])], always: true }),
  );
}

function isWrong({ status }: Finding): boolean {
  return status !== 'ok';
}
