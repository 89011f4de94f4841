import { isSea } from 'node:sea';
import { type Finding, notSeen, ok, problem, warning } from './finding.ts';
import { whoElseWrites } from './ownership.ts';

const CHECK = 'executable';
const EXPECTED = 'one executable file that root alone can change';

/** Whether the kernel can measure the hook as one file, and whether that file stays what it is. */
export function checkExecutable(path: string): readonly Finding[] {
  try {
    const writers = whoElseWrites(path);
    const mend = `give ${path} and the directories above it to root, mode go-w`;
    if (writers !== undefined) return [problem(CHECK, writers, EXPECTED, mend)];
  } catch (error) {
    return [notSeen(CHECK, path, EXPECTED, error)];
  }
  if (isSea()) return [ok(CHECK, path, EXPECTED)];
  const found = `running from source under ${path}: the kernel would measure Node, not the hook`;
  return [warning(CHECK, found, EXPECTED, 'use dist/oci-measure, made by `npm run build`')];
}
