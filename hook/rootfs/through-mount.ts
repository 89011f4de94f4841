import type { ByteString } from '#digest/entry';
import { joinPath } from '#digest/listing-path';
import { readNames } from '#digest/lookup';
import type { TreeRoot } from '#digest/tree-root';
import { isEngineAddition } from './engine-additions.ts';
import { isMadeFile, isMerged } from './made-entries.ts';
import {
  isNewDirectory,
  isOnTheWay,
  isRootAsMade,
  lookupOrOdd,
  type UpperEntry,
  type UpperFacts,
} from './pristine-layer.ts';

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
  return isRootAsMade(facts, undefined) && addEntries(facts, mounted, '', own) ? own : undefined;
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
    const found = lookupOrOdd(facts, path);
    if (found === undefined) return false;
    if (found.entry.kind !== 'dir') {
      own.add(path);
      return isNew(facts, path, found);
    }
    if (!isOnTheWay(facts, path)) return false;
    if (!addEntries(facts, mounted, path, own)) return false;
    const isOwn =
      isNewDirectory(facts, path, found) &&
      readNames(mounted, path).every((inside) => own.has(joinPath(path, inside)));
    if (isOwn) own.add(path);
    return isOwn || (!found.isHostOwned && isMerged(found.entry));
  });
}

function isNew(facts: UpperFacts, path: ByteString, found: UpperEntry): boolean {
  const isPoint = facts.mountPoints.points.has(path);
  if (isPoint && !found.isHostOwned && isMadeFile(found.entry)) return true;
  const readEntry = () => facts.readEntry(path);
  const added = { path, ...found, below: undefined, readEntry, image: undefined };
  return isEngineAddition(added, facts.choice);
}
