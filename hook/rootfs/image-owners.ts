import type { ByteString } from '#digest/entry';
import { type IdMappings, toContainerID } from '#digest/id-mapping';
import { joinPath, quotePath } from '#digest/listing-path';
import { type FoundEntry, lookupEntry } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import { HookError } from '#hook/errors';
import { lookupIn, namesIn, type ReadableTree } from './image-tree.ts';

/** Of one directory. The comparison finds directories that were exchanged; it need not find everything. */
const MAX_COMPARED = 256;

/**
 * Compares the lower directories with what the mount shows, and answers which mappings turn the lower directories'
 * ids into the container's.
 *
 * A container sees the *mounted* tree through its user namespace, so ids read through the mount are always mapped
 * back. Lower directories show the same ids where an engine chowned them, and the image's own where the overlay was
 * made of id-mapped mounts of them: those are the container's ids already. Directories that show anything else are
 * not what is mounted.
 *
 * @param interrupt called often: a tenant may have copied up every directory of a large image
 * @throws HookError `rootfs` when the mount shows other files than the lower directories hold
 */
export function imageOwners(
  image: ReadableTree,
  upper: TreeRoot | undefined,
  mounted: TreeRoot,
  mappings: IdMappings | undefined,
  interrupt?: () => void,
): IdMappings | undefined {
  const shown = { layers: [mounted] };
  const above = { layers: upper ? [upper] : [] };
  const kinds = new Set<'as shown' | 'shifted' | 'either'>();
  // From the top down until something is found that is the image's and not the upper directory's.
  for (const directories: ByteString[] = ['']; directories.length > 0; ) {
    const directory = directories.shift() ?? '';
    const hidden = namesIn(above, directory);
    const inImage = namesIn(image, directory);
    for (const name of namesIn(shown, directory)) {
      if (!inImage.has(name) && !hidden.has(name)) throw disagreement(joinPath(directory, name));
    }
    for (const name of [...inImage].slice(0, MAX_COMPARED)) {
      interrupt?.();
      const path = joinPath(directory, name);
      const expected = lookupIn(image, path);
      if (expected === undefined) continue;
      if (!hidden.has(name))
        kinds.add(compareOwners(path, expected, lookupEntry([mounted], path, {}), mappings));
      else if (expected.kind === 'dir' && isMerged(upper, path)) directories.push(path);
    }
    if (mappings === undefined || kinds.size > (kinds.has('either') ? 1 : 0)) break;
  }
  if (kinds.has('as shown') && kinds.has('shifted'))
    throw new HookError('rootfs', 'some of the lower directories are id-mapped and some are not');
  return kinds.has('shifted') ? undefined : mappings;
}

/** Whether the mount shows what is below in a directory that the upper directory has as well. */
function isMerged(upper: TreeRoot | undefined, path: ByteString): boolean {
  const above = upper && lookupEntry([upper], path, {});
  return (
    above?.kind === 'dir' &&
    above.overlayXattrs.keys().every((name) => name === 'origin' || name === 'impure')
  );
}

function compareOwners(
  path: ByteString,
  image: FoundEntry,
  shown: FoundEntry | undefined,
  mappings: IdMappings | undefined,
): 'as shown' | 'shifted' | 'either' {
  if (shown === undefined || !isSameButForOwner(image, shown)) throw disagreement(path);
  const isAsShown = shown.uid === image.uid && shown.gid === image.gid;
  const isShifted =
    mappings !== undefined &&
    toContainerID(mappings.uids, shown.uid) === image.uid &&
    toContainerID(mappings.gids, shown.gid) === image.gid;
  if (isAsShown) return isShifted ? 'either' : 'as shown';
  if (isShifted) return 'shifted';
  throw disagreement(path);
}

function isSameButForOwner(a: FoundEntry, b: FoundEntry): boolean {
  return (
    a.kind === b.kind &&
    a.mode === b.mode &&
    a.target === b.target &&
    (a.kind !== 'file' || a.size === b.size)
  );
}

function disagreement(path: ByteString): HookError {
  return new HookError(
    'rootfs',
    `the mount shows ${quotePath(path)} otherwise than the lower directories do`,
  );
}
