import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { joinPath } from '#digest/listing-path';
import { type FoundEntry, readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import {
  additionParents,
  type ContainerChoice,
  isEngineAddition,
  type SeenTree,
} from './engine-additions.ts';
import { isCopyUp, isMadeDirectory, isMadeFile, isMadeRoot } from './made-entries.ts';
import type { Lookup, MountPoints } from './mount-destinations.ts';

/** Of a layer's own entries; undefined for a whiteout. */
export interface LayerLookups {
  /** With the container's ids. */
  readonly lookup: Lookup;
  /** With the host's. */
  readonly lookupOnHost: Lookup;
}

/** An upper directory, and what explains the entries it may have. */
export interface UpperFacts extends SeenTree, LayerLookups {
  readonly layer: TreeRoot;
  readonly mountPoints: MountPoints;
  /** Where process.cwd is, resolved in the same way. */
  readonly workDirectory: MountPoints;
  readonly choice: ContainerChoice;
  readonly interrupt?: (() => void) | undefined;
}

export interface LayerFacts extends UpperFacts {
  /** What the layers below have. */
  readonly below: SeenTree;
}

export interface UpperEntry {
  readonly entry: FoundEntry;
  /**
   * Its ids are the host's, since the container maps them not. Podman is the host's root and does not chown all that it
   * makes for a container with a user namespace. In there it is nobody's.
   */
  readonly isHostOwned: boolean;
}

/**
 * Whether every entry is explained: a mount point that the runtime made, a directory on the way to one, or an
 * engine's own addition. One entry that is not makes the whole layer something else than the engine made.
 */
export function isPristine(facts: LayerFacts): boolean {
  return isRootAsMade(facts, lookupBelow(facts, '')) && isExplainedDirectory(facts, '');
}

/** No digest tells the root's mode and owner, and whoever may write into the root can put a directory of his own in any one's place. */
export function isRootAsMade(facts: UpperFacts, below: FoundEntry | 'odd' | undefined): boolean {
  const root = lookupOrOdd(facts, '');
  return root !== undefined && isMadeRoot(root.entry, below === 'odd' ? undefined : below);
}

function isExplainedDirectory(facts: LayerFacts, directory: ByteString): boolean {
  return readNames(facts.layer, directory).every((name) => {
    facts.interrupt?.();
    const path = joinPath(directory, name);
    const found = lookupOrOdd(facts, path);
    if (found === undefined || !isExplained(facts, path, found)) return false;
    return found.entry.kind !== 'dir' || isExplainedDirectory(facts, path);
  });
}

/** undefined for a whiteout, and for what only the kernel understands: neither is in a layer that is pristine. */
export function lookupOrOdd(
  { lookup, lookupOnHost }: LayerLookups,
  path: ByteString,
): UpperEntry | undefined {
  try {
    const entry = lookup(path);
    return entry && { entry, isHostOwned: false };
  } catch (error) {
    if (!(error instanceof DigestError)) throw error;
    if (error.code === 'needs-kernel') return undefined;
    if (error.code !== 'unmapped-id') throw error;
    const entry = lookupOnHost(path);
    return entry && { entry, isHostOwned: true };
  }
}

function isExplained(facts: LayerFacts, path: ByteString, found: UpperEntry): boolean {
  const { points } = facts.mountPoints;
  const { entry, isHostOwned } = found;
  const below = lookupBelow(facts, path);
  if (below === 'odd') return false;
  if (entry.kind === 'dir') {
    return below === undefined
      ? isNewDirectory(facts, path, found)
      : !isHostOwned && isOnTheWay(facts, path) && isCopyUp(entry, below);
  }
  if (below === undefined && points.has(path) && !isHostOwned && isMadeFile(entry)) return true;
  const added = {
    path,
    ...found,
    below,
    readEntry: () => facts.readEntry(path),
    image: facts.below,
  };
  return isEngineAddition(added, facts.choice);
}

/** `odd`: Docker's link of the mounts, where the container maps not the host's root. Nothing replaces that. */
function lookupBelow({ below }: LayerFacts, path: ByteString): FoundEntry | 'odd' | undefined {
  try {
    return below.lookup(path);
  } catch (error) {
    if (error instanceof DigestError && error.code === 'unmapped-id') return 'odd';
    throw error;
  }
}

/** Whether a directory may be copied up, or made, for something that is to be in it or on it. */
export function isOnTheWay(facts: UpperFacts, path: ByteString): boolean {
  const { mountPoints, workDirectory } = facts;
  return [
    mountPoints.points,
    mountPoints.parents,
    workDirectory.points,
    workDirectory.parents,
    additionParents,
  ].some((paths) => paths.has(path));
}

/**
 * Whether a runtime or an engine makes such a directory where there is none. The working directory is the user's under
 * podman, root's under Docker; podman chowns it in the host's ids and leaves those above it to the host's root.
 */
export function isNewDirectory(
  facts: UpperFacts,
  path: ByteString,
  { entry, isHostOwned }: UpperEntry,
): boolean {
  const { points, parents } = facts.workDirectory;
  if (points.has(path) && isMadeDirectory(entry, facts.choice.user)) return true;
  return isMadeDirectory(entry) && (isHostOwned ? parents.has(path) : isOnTheWay(facts, path));
}
