import { type Contestant, contest } from './contest.ts';
import type { Result } from './result.ts';

const ROUNDS = 31;
const OURS = 'oci-measure digest';

interface Peer extends Contestant {
  /** Ours may take this many times as long. */
  readonly bound?: number;
}

/** The digest of a root filesystem in a hot page cache, beside what else digests a whole tree. */
export function measureDigestSpeed(program: string, rootfs: string): Result[] {
  const peers = peersFor(rootfs);
  const ours = { name: OURS, command: [program, 'digest', rootfs] } as const;
  const medians = contest([ours, ...peers], ROUNDS);
  const oursMs = medians.get(OURS) ?? NaN;
  return peers.map(({ name, bound }) => {
    const peerMs = medians.get(name) ?? NaN;
    return {
      what: 'digest of a Debian rootfs',
      measured: `${oursMs.toFixed(0)} ms`,
      against: `${name}: ${peerMs.toFixed(0)} ms`,
      found: `${(oursMs / peerMs).toFixed(2)} ×`,
      ...(bound !== undefined && { bound: `≤ ${bound} ×`, holds: oursMs <= bound * peerMs }),
    };
  });
}

function peersFor(rootfs: string): Peer[] {
  // Without these options the archive carries times and a process id, and no two are the same.
  const stable = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime';
  const tar = `tar --sort=name --format=posix ${stable} --numeric-owner -C "$1" -c . | openssl dgst -sha256`;
  return [
    {
      name: 'casync digest (with=unix, sha256)',
      command: ['casync', 'digest', '--with=unix', '--digest=sha256', rootfs],
      bound: 1.3,
    },
    {
      name: 'tar (sort=name) to openssl dgst',
      command: ['sh', '-c', tar, 'sh', rootfs],
      bound: 1.15,
    },
    { name: 'mtree -c -K sha256', command: ['mtree', '-c', '-K', 'sha256', '-p', rootfs] },
  ];
}
