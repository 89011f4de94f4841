import type { ByteString } from '#digest/entry';
import { escapePath, joinPath } from '#digest/listing-path';
import { lookupEntry, readNames } from '#digest/lookup';
import { digestRootfs } from '#digest/rootfs';
import type { TreeRoot } from '#digest/tree-root';
import { resolveMountPoints } from './mount-destinations.ts';
import {
  digestOptions,
  type RootfsMeasurement,
  type RootfsQuestion,
} from './rootfs-measurement.ts';

/** The tree as it stands, where nothing tells the image's files from others. */
export function measureMergedView(root: TreeRoot, question: RootfsQuestion): RootfsMeasurement {
  const pruned = findPruned(root, question);
  const found = digestRootfs([root], {
    ...digestOptions(question, question.idMappings),
    without: pruned,
  });
  return {
    rootfs: found.digest,
    view: 'merged',
    writable: [],
    pruned: listPruned(pruned),
    sockets: found.sockets.length,
  };
}

/** Files that dockerd makes empty, and mounts nothing on (moby daemon/initlayer/setup_unix.go). */
const dockersOwn: readonly string[] = ['/.dockerenv', '/dev/console'];

/**
 * What a runtime or an engine may have made in a root that has no layers: mount points and a working directory that are
 * an empty directory or an empty file, the link of `/etc/mtab`, then each directory above that this leaves empty. Whether the image had them cannot be told, so a verifier
 * takes the same paths out of the image's listing where they are empty there.
 */
function findPruned(root: TreeRoot, question: RootfsQuestion): Set<ByteString> {
  const { cwd, interrupt, mountDestinations } = question;
  const lookup = (path: ByteString) => lookupEntry([root], path, {});
  const destinations = [...mountDestinations, ...dockersOwn, cwd];
  const mountPoints = resolveMountPoints(destinations, lookup, interrupt);
  const pruned = new Set<ByteString>();
  const mtab = lookup('etc/mtab');
  if (mtab?.kind === 'link' && mtab.target === '/proc/mounts') pruned.add('etc/mtab');
  const candidates = [...mountPoints.points, ...mountPoints.parents];
  // The deepest first, so that a directory comes after all that may be pruned inside it.
  for (const path of [...new Set(candidates)].toSorted((a, b) => depth(b) - depth(a))) {
    interrupt?.();
    const entry = lookup(path);
    const isPoint = mountPoints.points.has(path);
    if (entry?.kind === 'dir' && isLeftEmpty(root, path, pruned, isPoint)) pruned.add(path);
    else if (entry?.kind === 'file' && isPoint && entry.size === 0) pruned.add(path);
  }
  return pruned;
}

function depth(path: ByteString): number {
  return path.split('/').length;
}

/** A directory that is no mount point goes only when something in it did. */
function isLeftEmpty(
  root: TreeRoot,
  path: ByteString,
  pruned: ReadonlySet<ByteString>,
  isPoint: boolean,
): boolean {
  const names = readNames(root, path);
  return (isPoint || names.length > 0) && names.every((name) => pruned.has(joinPath(path, name)));
}

/** The paths as a listing writes them, in order of their bytes. */
function listPruned(pruned: ReadonlySet<ByteString>): string[] {
  return [...pruned].map(escapePath).toSorted();
}
