import { contestImages } from '#integration/images';
import { peakMBOf } from './peak-memory.ts';
import type { Result } from './result.ts';

const BOUND_MB = 32;

/** What a layer of 4 GiB takes more than one of 4 MiB. */
export function measureLayerMemory(program: string): Result {
  const [largeMB, smallMB] = [contestImages.large, contestImages.small].map((layout) =>
    peakMBOf([program, 'digest', `oci:${layout}`]),
  );
  const moreMB = (largeMB ?? NaN) - (smallMB ?? NaN);
  return {
    what: 'memory, a gzip layer of 4 GiB',
    measured: `${largeMB?.toFixed(0)} MB`,
    against: `one of 4 MiB: ${smallMB?.toFixed(0)} MB`,
    found: `${moreMB.toFixed(0)} MB more`,
    bound: `≤ ${BOUND_MB} MB more`,
    holds: moreMB <= BOUND_MB,
  };
}
