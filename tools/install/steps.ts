import { lstatSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { applyExecutable, type ExecutableChange } from './executable.ts';
import { applyChange, describeChange, type FileChange, isChange } from './file-change.ts';
import type { Host } from './host.ts';

/** One thing that is done to a host; decided before anything is done. */
export type Step = FileChange | ExecutableChange;

export function isPending(step: Step): boolean {
  return isOfExecutable(step) ? step.isNeeded : isChange(step);
}

/** In a few words. */
export function describeStep(step: Step): string {
  if (!isOfExecutable(step)) return describeChange(step);
  const { executable, from } = step;
  return from === undefined ? `remove ${executable}` : `copy ${from} to ${executable}`;
}

/**
 * As a unified diff that `patch --strip=1`, run in the host's root, does the same with; of the executable in words, which patch(1) passes
 * over.
 */
export function diffOfStep(step: Step, host: Host): string {
  if (isOfExecutable(step)) {
    const { executable, from } = step;
    const bytes = lstatSync(from ?? executable).size;
    return `${describeStep(step)} (${bytes} bytes)\n`;
  }
  const { path, before, after } = step;
  const from = before === undefined ? '/dev/null' : `a${host.nameOf(path)}`;
  const to = after === undefined ? '/dev/null' : `b${host.nameOf(path)}`;
  return createTwoFilesPatch(from, to, before ?? '', after ?? '', undefined, undefined, {
    headerOptions: { includeIndex: false, includeUnderline: false, includeFileHeaders: true },
  });
}

/** @throws ToolError `install` */
export function applyStep(step: Step): void {
  if (isOfExecutable(step)) applyExecutable(step);
  else applyChange(step);
}

function isOfExecutable(step: Step): step is ExecutableChange {
  return 'executable' in step;
}
