import type { ByteString } from '#digest/entry';
import { joinPath } from '#digest/listing-path';
import { type FoundEntry, readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import { additionParents, isEngineAddition } from './engine-additions.ts';
import { isMadeDirectory, isMadeFile, lookupOrOdd, type UpperFacts } from './pristine-layer.ts';

/**
 * The entries that a pristine upper directory adds to an image whose lower directories cannot be read. The mounted
 * tree without them is the image, as far as a container can see it.
 *
 * What is below an entry is not known here. overlayfs marks what it copied up with `origin`, so an empty file without
 * is new. A directory is left out only if the mount shows nothing in it but what is left out as well; else it stays,
 * with the mode and owner that the mount shows.
 *
 * @returns undefined when the layer is not pristine
 */
export function entriesOfUpper(facts: UpperFacts, mounted: TreeRoot): Set<ByteString> | undefined {
  const own = new Set<ByteString>();
  return addEntries(facts, mounted, '', own) ? own : undefined;
}

function addEntries(
  facts: UpperFacts,
  mounted: TreeRoot,
  directory: ByteString,
  own: Set<ByteString>,
): boolean {
  return readNames(facts.layer, directory).every((name) => {
    facts.interrupt?.();
    const path = joinPath(directory, name);
    const entry = lookupOrOdd(facts, path);
    if (entry === undefined) return false;
    if (entry.kind !== 'dir') {
      own.add(path);
      return isNew(facts, path, entry);
    }
    const { points, parents } = facts.mountPoints;
    if (!points.has(path) && !parents.has(path) && !additionParents.has(path)) return false;
    if (!addEntries(facts, mounted, path, own)) return false;
    const isOwn =
      isMadeDirectory(entry) &&
      readNames(mounted, path).every((inside) => own.has(joinPath(path, inside)));
    if (isOwn) own.add(path);
    return isOwn || isMergedDirectory(entry);
  });
}

function isNew(facts: UpperFacts, path: ByteString, entry: FoundEntry): boolean {
  if (facts.mountPoints.points.has(path) && entry.kind === 'file') return isMadeFile(entry);
  const added = { entry, below: undefined, readEntry: nothing, readBelow: nothing };
  return isEngineAddition(path, added, facts.user);
}

const nothing = () => new Uint8Array();

function isMergedDirectory(entry: FoundEntry): boolean {
  return [...entry.overlayXattrs.keys()].every((name) => name === 'origin' || name === 'impure');
}
