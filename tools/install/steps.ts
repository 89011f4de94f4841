import { lstatSync } from 'node:fs';
import { createTwoFilesPatch } from 'diff';
import { applyExecutable, type ExecutableChange } from './executable.ts';
import { applyChange, describeChange, type FileChange, isChange } from './file-change.ts';

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

/** As a unified diff, which patch(1) takes; of the executable in words, which patch(1) passes over. */
export function diffOfStep(step: Step): string {
  if (isOfExecutable(step)) {
    const { executable, from } = step;
    const bytes = lstatSync(from ?? executable).size;
    return `${describeStep(step)} (${bytes} bytes)\n`;
  }
  const { path, before, after } = step;
  const names = [before, after].map((text) => (text === undefined ? '/dev/null' : path));
  const [from = '', to = ''] = names;
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
