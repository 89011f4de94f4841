import { DigestError } from './errors.ts';
import { type IdMap, type IdMappings, toContainerID } from './id-mapping.ts';

/** Turns ids on disk into the container's. Both throw {@link DigestError} `unmapped-id`, without a path: the caller knows it. */
export interface OwnerMapping {
  readonly uid: (hostID: number) => number;
  readonly gid: (hostID: number) => number;
}

const unshifted: OwnerMapping = { uid: (id) => id, gid: (id) => id };

/** Without mappings the ids on disk are the container's. */
export function ownerMapping(mappings: IdMappings | undefined): OwnerMapping {
  if (mappings === undefined) return unshifted;
  return {
    uid: (id) => mapped('uid', mappings.uids, id),
    gid: (id) => mapped('gid', mappings.gids, id),
  };
}

function mapped(kind: string, maps: readonly IdMap[], hostID: number): number {
  const id = toContainerID(maps, hostID);
  if (id === undefined) {
    const ranges = maps.map(({ hostID: start, size }) => `${start}-${start + size - 1}`).join(', ');
    throw new DigestError(
      'unmapped-id',
      `expected a ${kind} that the container maps (${ranges || 'none'}), found ${hostID}`,
    );
  }
  return id;
}
