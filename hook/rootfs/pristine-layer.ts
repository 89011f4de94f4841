import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { joinPath } from '#digest/listing-path';
import { type FoundEntry, readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import {
  additionParents,
  type ContainerUser,
  isCopyUp,
  isEngineAddition,
} from './engine-additions.ts';
import type { Lookup, MountPoints } from './mount-destinations.ts';

type ReadEntry = (path: ByteString) => Uint8Array;

/** An upper directory, and what explains the entries it may have. */
export interface UpperFacts {
  readonly layer: TreeRoot;
  /** An entry of the layer itself; undefined for a whiteout. */
  readonly lookup: Lookup;
  readonly readEntry: ReadEntry;
  readonly mountPoints: MountPoints;
  readonly user: ContainerUser;
  readonly interrupt?: (() => void) | undefined;
}

export interface LayerFacts extends UpperFacts {
  /** What the layers below have. */
  readonly below: { readonly lookup: Lookup; readonly readEntry: ReadEntry };
}

/**
 * Whether every entry is explained: a mount point that the runtime made, a directory on the way to one, or an
 * engine's own addition. One entry that is not makes the whole layer something else than the engine made.
 */
export function isPristine(facts: LayerFacts): boolean {
  return isExplainedDirectory(facts, '');
}

function isExplainedDirectory(facts: LayerFacts, directory: ByteString): boolean {
  return readNames(facts.layer, directory).every((name) => {
    facts.interrupt?.();
    const path = joinPath(directory, name);
    const entry = lookupOrOdd(facts, path);
    if (entry === undefined || !isExplained(facts, path, entry)) return false;
    return entry.kind !== 'dir' || isExplainedDirectory(facts, path);
  });
}

/** undefined for a whiteout, and for what only the kernel understands: neither is in a layer that is pristine. */
export function lookupOrOdd(
  { lookup }: Pick<LayerFacts, 'lookup'>,
  path: ByteString,
): FoundEntry | undefined {
  try {
    return lookup(path);
  } catch (error) {
    if (error instanceof DigestError && error.code === 'needs-kernel') return undefined;
    throw error;
  }
}

function isExplained(facts: LayerFacts, path: ByteString, entry: FoundEntry): boolean {
  const { points, parents } = facts.mountPoints;
  const below = facts.below.lookup(path);
  const isOnTheWay = points.has(path) || parents.has(path) || additionParents.has(path);
  if (entry.kind === 'dir' && isOnTheWay)
    return below === undefined ? isMadeDirectory(entry) : isCopyUp(entry, below);
  if (entry.kind === 'file' && points.has(path) && below === undefined && isMadeFile(entry))
    return true;
  const added = {
    entry,
    below,
    readEntry: () => facts.readEntry(path),
    readBelow: () => facts.below.readEntry(path),
  };
  return isEngineAddition(path, added, facts.user);
}

/**
 * runc makes directories 0755, crun 01755 (its umask is 0); a umask may take bits away. overlayfs marks a new directory
 * opaque when `index` or `metacopy` is on, where there is nothing below that it could hide.
 */
export function isMadeDirectory(entry: FoundEntry): boolean {
  return (
    isMade(entry, 0o1755) && [...entry.overlayXattrs.keys()].every((name) => name === 'opaque')
  );
}

/** runc makes files 0644 or 0755, crun 0700. */
export function isMadeFile(entry: FoundEntry): boolean {
  return entry.size === 0 && isMade(entry, 0o755) && entry.overlayXattrs.size === 0;
}

function isMade(entry: FoundEntry, mode: number): boolean {
  return (
    (entry.mode & ~mode) === 0 && entry.uid === 0 && entry.gid === 0 && entry.xattrs.length === 0
  );
}
