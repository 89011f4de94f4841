import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import type { IdMappings } from '#digest/id-mapping';
import { lookupEntry, readFileBytes } from '#digest/lookup';
import { digestRootfs, digestWritableLayer } from '#digest/rootfs';
import type { TreeRoot } from '#digest/tree-root';
import type { WritableLayer } from '#hook/log/measurement-event';
import { MAX_ACCOUNTS_BYTES } from './accounts.ts';
import { isDockerInitLayer } from './docker-init-layer.ts';
import { imageOwners } from './image-owners.ts';
import { ImageTree, lookupIn, type ReadableTree } from './image-tree.ts';
import type { ImageDirectories } from './lower-directories.ts';
import { type Lookup, resolveMountPoints } from './mount-destinations.ts';
import type { OverlayOptions } from './overlay-options.ts';
import { isPristine, type UpperFacts } from './pristine-layer.ts';
import {
  digestOptions,
  type RootfsMeasurement,
  type RootfsQuestion,
} from './rootfs-measurement.ts';
import { entriesOfUpper } from './through-mount.ts';

export interface OverlayMount {
  /** What the overlay shows. */
  readonly mounted: TreeRoot;
  /** undefined: it was mounted read-only, of lower directories alone. */
  readonly upper: TreeRoot | undefined;
  readonly options: OverlayOptions;
  readonly question: RootfsQuestion;
}

/**
 * The image is read from the lower directories themselves: nothing that an engine, a runtime or an earlier run wrote
 * into the container is in them.
 */
export function measureLayers(mount: OverlayMount, image: ImageDirectories): RootfsMeasurement {
  const { mounted, upper, options, question } = mount;
  using all = new ImageTree(image, options, question.emptyDirectory);
  const { idMappings, interrupt } = question;
  const owners = all.read((tree) => imageOwners(tree, upper, mounted, idMappings, interrupt));
  using withoutInitLayer = splitInitLayer(image, options, owners, question);
  const found = (withoutInitLayer ?? all).read((tree) =>
    digestRootfs(tree.layers, { ...digestOptions(question, owners), overlay: tree.overlay }),
  );
  const writable: readonly WritableLayer[] = upper
    ? [all.read((tree) => describeUpper(mount, upper, tree, owners))]
    : [];
  return {
    rootfs: found.digest,
    view: 'overlay',
    writable: withoutInitLayer ? [...writable, 'pristine'] : writable,
    pruned: [],
    sockets: found.sockets.length,
  };
}

/** @returns the image below Docker's init layer; undefined when the topmost lower directory is the image's own */
function splitInitLayer(
  image: ImageDirectories,
  options: OverlayOptions,
  owners: IdMappings | undefined,
  question: RootfsQuestion,
): ImageTree | undefined {
  const [top, ...lowers] = image.lowers;
  const { xattrPrefix } = options;
  const marker = top && lookupEntry([top], '.dockerenv', { xattrPrefix });
  if (top === undefined || lowers.length === 0 || marker === undefined) return undefined;
  using held = new DisposableStack();
  const rest = held.use(new ImageTree({ ...image, lowers }, options, question.emptyDirectory));
  const isInit = rest.read((tree) =>
    isDockerInitLayer(
      top,
      {
        lookup: (path) =>
          lookupEntry([top], path, { overlay: { xattrPrefix }, idMappings: owners }),
        lookupOnHost: (path) => lookupEntry([top], path, { overlay: { xattrPrefix } }),
      },
      lookupWith(tree, owners),
    ),
  );
  if (!isInit) return undefined;
  held.move();
  return rest;
}

function describeUpper(
  { options, question }: OverlayMount,
  upper: TreeRoot,
  image: ReadableTree,
  owners: IdMappings | undefined,
): WritableLayer {
  const below = lookupWith(image, owners);
  const facts = {
    ...upperFacts(upper, image, options, question),
    below: { lookup: below, readEntry: (path: ByteString) => readFrom(image, path) },
  };
  if (isPristine(facts)) return 'pristine';
  const { xattrPrefix } = options;
  const digest = (idMappings: IdMappings | undefined) =>
    digestWritableLayer(upper, { ...digestOptions(question, idMappings), xattrPrefix }).digest;
  try {
    return digest(question.idMappings);
  } catch (error) {
    if (!(error instanceof DigestError) || error.code !== 'unmapped-id') throw error;
    // Whiteouts are the host's root's, since the kernel makes them, and so is what podman does not chown.
    return digest(undefined);
  }
}

/**
 * Where the lower directories cannot be read: the mounted tree, if taking out what a pristine upper directory added
 * leaves the image.
 *
 * @returns undefined when the upper directory is not pristine
 */
export function measureThroughMount(mount: OverlayMount): RootfsMeasurement | undefined {
  const { mounted, upper, options, question } = mount;
  const added = upper
    ? entriesOfUpper(upperFacts(upper, { layers: [mounted] }, options, question), mounted)
    : new Set<ByteString>();
  if (added === undefined) return undefined;
  const found = digestRootfs([mounted], {
    ...digestOptions(question, question.idMappings),
    without: added,
  });
  return {
    rootfs: found.digest,
    view: 'overlay',
    writable: upper ? ['pristine'] : [],
    pruned: [],
    sockets: found.sockets.length,
  };
}

/** An upper directory's ids are those the mount shows, so config.json's mappings always turn them into the container's. */
function upperFacts(
  layer: TreeRoot,
  seen: ReadableTree,
  { xattrPrefix }: OverlayOptions,
  question: RootfsQuestion,
): UpperFacts {
  const { cwd, idMappings, interrupt, mountDestinations } = question;
  const overlay = { xattrPrefix };
  // Whose an entry is does not matter to where a link leads.
  const resolveWith = lookupWith(seen, undefined);
  return {
    layer,
    lookup: (path) => lookupEntry([layer], path, { overlay, idMappings }),
    lookupOnHost: (path) => lookupEntry([layer], path, { overlay }),
    readEntry: (path) => readFileBytes(layer, path, MAX_ACCOUNTS_BYTES),
    mountPoints: resolveMountPoints(mountDestinations, resolveWith, interrupt),
    workDirectory: resolveMountPoints([cwd], resolveWith, interrupt),
    choice: question,
    interrupt,
  };
}

function lookupWith({ layers, overlay }: ReadableTree, idMappings: IdMappings | undefined): Lookup {
  return (path) => lookupEntry(layers, path, { overlay, idMappings });
}

function readFrom(tree: ReadableTree, path: ByteString): Uint8Array {
  const layer = tree.layers[lookupIn(tree, path)?.layer ?? -1];
  return layer ? readFileBytes(layer, path, MAX_ACCOUNTS_BYTES) : new Uint8Array();
}
