import type { DigestText } from '#digest/digest';
import type { ByteString } from '#digest/entry';
import type { IdMappings } from '#digest/id-mapping';
import type { DigestOptions } from '#digest/rootfs';
import type { WritableLayer } from '#hook/log/measurement-event';

/** What has to be known about a container to measure its root; from config.json, and so the tenant's to choose. */
export interface RootfsQuestion {
  /** Absolute. */
  readonly rootfs: string;
  /** Of config.json's mounts, in any order. */
  readonly mountDestinations: readonly string[];
  /** Given when the container has a user namespace of its own. */
  readonly idMappings?: IdMappings;
  /** process.user's ids, which are the container's. */
  readonly user: { readonly uid: number; readonly gid: number };
  /** process.cwd. */
  readonly cwd: string;
  /** /etc/passwd of the host, a character for each byte; empty where there is none. */
  readonly readHostPasswd?: () => ByteString;
  /** A directory that exists, is empty and root's alone. */
  readonly emptyDirectory: string;
  /** Called often; throws when the caller's time is up. */
  readonly interrupt?: () => void;
}

export interface RootfsMeasurement {
  readonly rootfs: DigestText;
  /** `overlay`: of the image alone. `merged`: of the tree as the engine and the runtime left it. */
  readonly view: 'overlay' | 'merged';
  /**
   * `pristine` or a digest for each layer above the image: the upper directory, if there is one, then Docker's init
   * layer, if there is one. Empty in the merged view.
   */
  readonly writable: readonly WritableLayer[];
  /** What was left out of the merged view, as a listing writes paths, sorted. Empty in the overlay view. */
  readonly pruned: readonly string[];
  /** How many sockets were met; no image has any, so they are counted and not measured. */
  readonly sockets: number;
}

/** How the answer's digests are taken, given which mappings turn the ids that are read into the container's. */
export function digestOptions(
  { interrupt }: RootfsQuestion,
  idMappings: IdMappings | undefined,
): DigestOptions {
  return {
    foreignMounts: 'refuse',
    ...(idMappings && { idMappings }),
    ...(interrupt && { interrupt }),
  };
}
