import { type FileChange, isChange } from '#tools/install/file-change';
import { hostAt } from '#tools/install/host';
import { diffOfStep } from '#tools/install/steps';

/** What would be changed, as for the engines. */
export function sayDiffs(changes: readonly FileChange[], say: (text: string) => void): void {
  const host = hostAt(undefined);
  for (const change of changes.filter(isChange)) say(`\n${diffOfStep(change, host)}`);
}
