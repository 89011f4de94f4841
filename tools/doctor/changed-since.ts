import { statSync } from 'node:fs';
import type { Daemon } from './daemons.ts';
import { type Finding, warning } from './finding.ts';

const CHECK = 'restart';
/** Start times are known to a clock tick, and the clock may have been set a little. */
const TOLERANCE_MS = 100;

/** What a daemon read when it was started, and is not any more what it read. */
export function checkChangedSince(
  daemon: Daemon,
  files: readonly string[],
  unit: string,
): readonly Finding[] {
  const expected = `${daemon.name} (pid ${daemon.pid}) runs with what is on disk`;
  const mend = `systemctl restart ${unit}`;
  const changed = files.filter((file) => changedAt(file) > daemon.startedMs + TOLERANCE_MS);
  const found = changed.map((file) => `${file} was changed since it was started`);
  if (daemon.isReplaced) found.push(`${daemon.executable} was replaced since it was started`);
  return found.map((one) => warning(CHECK, one, expected, mend));
}

/** Of the inode: what was moved into place with an old time of its own counts too. */
function changedAt(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.ctimeMs ?? 0;
}
