import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { joinPath } from '#digest/listing-path';
import { type FoundEntry, readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import { isMtabLink } from './engine-additions.ts';
import { isCopyUp, isMadeDirectory, isMadeFile } from './made-entries.ts';
import type { Lookup } from './mount-destinations.ts';
import { type LayerLookups, lookupOrOdd, type UpperEntry } from './pristine-layer.ts';

/**
 * What dockerd puts between the image and the container's own layer (moby daemon/initlayer/setup_unix.go): it unlinks
 * the files and makes them anew, and makes the directories that are missing.
 */
const files: ReadonlySet<ByteString> = new Set([
  '.dockerenv',
  'etc/resolv.conf',
  'etc/hosts',
  'etc/hostname',
  'dev/console',
]);
const mtab: ByteString = 'etc/mtab';
const directoriesOfFiles: readonly ByteString[] = ['etc', 'dev'];
const directoriesIfMissing: readonly ByteString[] = ['proc', 'sys', 'dev/pts', 'dev/shm'];
const all: ReadonlySet<ByteString> = new Set([
  ...files,
  mtab,
  ...directoriesOfFiles,
  ...directoriesIfMissing,
]);

/**
 * Whether a layer holds exactly what dockerd's init layer holds over the layers below. Told by its content: a name can
 * be chosen. An image whose own last layer is exactly this is read as the image without it, with this layer named
 * apart; Docker would have put the same over it.
 */
export function isDockerInitLayer(layer: TreeRoot, own: LayerLookups, below: Lookup): boolean {
  try {
    const paths = listPaths(layer, own, '');
    return (
      paths !== undefined &&
      expectedPaths(below).every((path) => paths.has(path)) &&
      [...paths].every(([path, entry]) => isInitEntry(path, entry, below(path)))
    );
  } catch (error) {
    if (error instanceof DigestError && error.code === 'needs-kernel') return false;
    throw error;
  }
}

function expectedPaths(below: Lookup): ByteString[] {
  const missing = directoriesIfMissing.filter((path) => below(path) === undefined);
  return [...files, mtab, ...directoriesOfFiles, ...missing];
}

/** undefined as soon as there is anything else. */
function listPaths(
  layer: TreeRoot,
  own: LayerLookups,
  directory: ByteString,
): Map<ByteString, UpperEntry> | undefined {
  const found = new Map<ByteString, UpperEntry>();
  for (const name of readNames(layer, directory)) {
    const path = joinPath(directory, name);
    if (!all.has(path)) return undefined;
    const entry = lookupOrOdd(own, path);
    if (entry === undefined) return undefined;
    found.set(path, entry);
    if (entry.entry.kind !== 'dir') continue;
    const inside = listPaths(layer, own, path);
    if (inside === undefined) return undefined;
    for (const [deeper, facts] of inside) found.set(deeper, facts);
  }
  return found;
}

/** dockerd does not chown the link where it remaps users: it stays the host's root's. */
function isInitEntry(
  path: ByteString,
  { entry, isHostOwned }: UpperEntry,
  below: FoundEntry | undefined,
): boolean {
  if (path === mtab) return isMtabLink(entry);
  if (isHostOwned) return false;
  if (files.has(path)) return isMadeFile(entry) && entry.mode === 0o755;
  if (entry.kind !== 'dir') return false;
  return below === undefined ? isMadeDirectory(entry) : isCopyUp(entry, below);
}
