/** Whether the hook finds there what it needs: it runs in the mount namespace of the engine that calls it. */
import { readFileSync, readlinkSync, statSync } from 'node:fs';
import { type Mount, parseMountinfo } from '#hook/rootfs/mountinfo';
import { SECURITYFS } from '#tools/install/ima/policy-facts';
import { EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR } from '#tools/install/own-places';
import type { Daemon } from './daemons.ts';
import type { EngineSetup } from './engine-setup.ts';
import { type Finding, notSeen, ok, problem } from './finding.ts';

const CHECK = 'namespace';

/** Nothing where the daemon sees the mounts that doctor sees. */
export function checkNamespace(
  daemon: Daemon,
  { records }: Pick<EngineSetup, 'records'>,
): readonly Finding[] {
  const process = `/proc/${daemon.pid}`;
  const expected = `${daemon.name} sees the hook and its record filesystem`;
  try {
    if (readlinkSync(`${process}/ns/mnt`) === readlinkSync('/proc/self/ns/mnt')) return [];
    const [theirs, ours] = [mountsOf(process), mountsOf('/proc/self')];
    const missing = [
      ...[EXECUTABLE, EXECUTABLE_BESIDE_READ_ONLY_USR].filter(
        (path) => isThere(path) && !isThere(`${process}/root${path}`),
      ),
      ...(records !== undefined && has(ours, records) && !has(theirs, records) ? [records] : []),
    ];
    const where = `${daemon.name} (pid ${daemon.pid}) has a mount namespace of its own`;
    if (missing.length > 0) {
      const found = `${where}, without ${missing.join(' and ')}`;
      return [problem(CHECK, found, expected, `restart ${daemon.name}`)];
    }
    const securityfs = has(theirs, SECURITYFS) ? '' : '; securityfs is mounted by the hook itself';
    return [ok(CHECK, `${where}, with all that the hook needs${securityfs}`, expected)];
  } catch (error) {
    return [notSeen(CHECK, `the mount namespace of ${daemon.name}`, expected, error)];
  }
}

function mountsOf(process: string): readonly Mount[] {
  return parseMountinfo(readFileSync(`${process}/mountinfo`, 'latin1'));
}

function has(mounts: readonly Mount[], point: string): boolean {
  return mounts.some((mount) => mount.point === point);
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
