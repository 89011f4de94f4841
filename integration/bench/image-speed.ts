import { rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { contestImages } from '#integration/images';
import { type Contestant, contest } from './contest.ts';
import { layerFiles } from './layout-blobs.ts';
import type { Result } from './result.ts';

const ROUNDS = 11;

interface Peer extends Contestant {
  /** Ours may take this many times as long. */
  readonly bound: number;
  /** How many processors the peer would share its work among, if it could. */
  readonly processors?: number;
}

/** The digest of an image that was never unpacked, beside what a part of the work costs others. */
export function measureImageSpeed(program: string, directory: string): Result[] {
  return [
    ...against('a gzip OCI layout', program, contestImages.gzip, [
      unpack(contestImages.gzip, `${directory}/bundle`),
      inflate(contestImages.gzip),
    ]),
    ...against('an uncompressed OCI layout', program, contestImages.plain, [
      hash(contestImages.plain),
    ]),
  ];
}

function against(what: string, program: string, layout: string, peers: readonly Peer[]): Result[] {
  const ours = { name: 'ours', command: [program, 'digest', `oci:${layout}`] } as const;
  const medians = contest([ours, ...peers], ROUNDS);
  const oursMs = medians.get('ours') ?? NaN;
  return peers.map(({ name, bound, processors = 1 }) => {
    const peerMs = (medians.get(name) ?? NaN) / processors;
    const shared = processors === 1 ? '' : ` ÷ ${processors} cores`;
    return {
      what: `digest of ${what}, 8 layers`,
      measured: `${oursMs.toFixed(0)} ms`,
      against: `${name}${shared}: ${peerMs.toFixed(0)} ms`,
      found: `${(oursMs / peerMs).toFixed(2)} ×`,
      bound: `≤ ${bound} ×`,
      holds: oursMs <= bound * peerMs,
    };
  });
}

function unpack(layout: string, bundle: string): Peer {
  return {
    name: 'umoci unpack',
    command: ['umoci', 'unpack', '--image', `${layout}:latest`, bundle],
    prepare: () => rmSync(bundle, { recursive: true, force: true }),
    bound: 0.35,
  };
}

function inflate(layout: string): Peer {
  // Without redirection gzip asks for a name that ends in .gz.
  const script = 'for layer; do gzip -dc <"$layer"; done';
  return {
    name: 'gzip -dc',
    command: ['sh', '-c', script, 'sh', ...layerFiles(layout)],
    processors: availableParallelism(),
    bound: 1.3,
  };
}

function hash(layout: string): Peer {
  return {
    name: 'openssl dgst -sha256',
    command: ['openssl', 'dgst', '-sha256', ...layerFiles(layout)],
    bound: 2.5,
  };
}
