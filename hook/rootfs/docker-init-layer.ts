import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { joinPath } from '#digest/listing-path';
import { type FoundEntry, readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import { isCopyUp, isMadeDirectory, isMadeFile } from './made-entries.ts';
import type { Lookup } from './mount-destinations.ts';

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
export function isDockerInitLayer(layer: TreeRoot, lookup: Lookup, below: Lookup): boolean {
  try {
    const paths = listPaths(layer, lookup, '');
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
  lookup: Lookup,
  directory: ByteString,
): Map<ByteString, FoundEntry> | undefined {
  const found = new Map<ByteString, FoundEntry>();
  for (const name of readNames(layer, directory)) {
    const path = joinPath(directory, name);
    if (!all.has(path)) return undefined;
    const entry = lookup(path);
    if (entry === undefined) return undefined;
    found.set(path, entry);
    if (entry.kind !== 'dir') continue;
    const inside = listPaths(layer, lookup, path);
    if (inside === undefined) return undefined;
    for (const [deeper, facts] of inside) found.set(deeper, facts);
  }
  return found;
}

function isInitEntry(path: ByteString, entry: FoundEntry, below: FoundEntry | undefined): boolean {
  if (files.has(path)) return entry.kind === 'file' && isMadeFile(entry) && entry.mode === 0o755;
  if (path === mtab)
    return (
      entry.kind === 'link' &&
      entry.target === '/proc/mounts' &&
      entry.uid === 0 &&
      entry.gid === 0 &&
      entry.overlayXattrs.size === 0
    );
  if (entry.kind !== 'dir') return false;
  return below === undefined ? isMadeDirectory(entry) : isCopyUp(entry, below);
}
