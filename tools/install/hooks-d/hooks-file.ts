/** The file that has podman, CRI-O, buildah and the NRI hook injector call the hook (oci-hooks(5), schema 1.0.0). */
import { basename } from 'node:path';
import { parseHookFile } from '#tools/doctor/hook-entry';
import type { EngineOptions } from '#tools/install/engine-plan';
import { hookCommand } from '#tools/install/hook-command';
import {
  EXECUTABLE,
  EXECUTABLE_BESIDE_READ_ONLY_USR,
  OWNERSHIP_MARK,
} from '#tools/install/own-places';
import { formatJSON } from '#tools/json';

/** One stage: createRuntime and prestart are called at the same moment, and newer readers take both for the first. */
const STAGES = ['createRuntime'];
/** Readers pass over members that they do not know (podman 4.3 was asked; Go's encoding/json by default). */
const MARK_MEMBER = '//';

export function hooksFileText(options: EngineOptions): string {
  return formatJSON({
    [MARK_MEMBER]: OWNERSHIP_MARK,
    version: '1.0.0',
    hook: hookCommand(options),
    when: { always: true },
    stages: STAGES,
  });
}

/** Whether an installation wrote it, whatever it was edited to since. */
export function isOurHooksFile(text: string): boolean {
  try {
    const file: unknown = JSON.parse(text);
    return typeof file === 'object' && file !== null && MARK_MEMBER in file
      ? file[MARK_MEMBER] === OWNERSHIP_MARK
      : false;
  } catch {
    // Cut short, or edited into something else: by its first lines.
    return text.includes(JSON.stringify(OWNERSHIP_MARK));
  }
}

/** Whether engines that read it start this program. */
export function startsTheHook(path: string, text: string): boolean {
  try {
    const entry = parseHookFile(path, text);
    const isOurPath = [EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR].includes(entry.path);
    return (
      isOurPath ||
      [entry.path, entry.args[0] ?? ''].map((one) => basename(one)).includes('oci-measure')
    );
  } catch {
    return false;
  }
}
