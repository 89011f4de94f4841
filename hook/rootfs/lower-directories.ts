import type { ByteString } from '#digest/entry';
import type { IdMappings } from '#digest/id-mapping';
import { quoted } from '#digest/quoted';
import type { TreeRoot } from '#digest/tree-root';
import { HookError } from '#hook/errors';
import { openBelievedDirectory } from './believed-directory.ts';
import type { OverlayOptions } from './overlay-options.ts';

const MAX_LAYERS = 500; // OVL_MAX_STACK

/** The directories an overlay was mounted from, held open. */
export interface LayerDirectories extends Disposable {
  readonly upper: TreeRoot | undefined;
  /** undefined: at least one is gone, so that the image can be seen through the mount alone. */
  readonly image: ImageDirectories | undefined;
}

export interface ImageDirectories {
  /** Topmost first. */
  readonly lowers: readonly TreeRoot[];
  readonly dataLowers: readonly TreeRoot[];
}

/**
 * @param idMappings given when the container has a user namespace of its own
 * @throws HookError `rootfs` when the upper directory is gone, when a path cannot be anchored, or when a directory
 *   exists that somebody other than root could have put there
 */
export function openLayerDirectories(
  options: OverlayOptions,
  idMappings?: IdMappings,
): LayerDirectories {
  const count = options.lowers.length + options.dataLowers.length;
  if (count > MAX_LAYERS)
    throw new HookError(
      'rootfs',
      `expected at most ${MAX_LAYERS} lower directories, found ${count}`,
    );
  const { lowers, dataLowers } = anchorLayers(options);
  using held = new DisposableStack();
  const open = (path: ByteString) => {
    const directory = openBelievedDirectory(path);
    return directory && held.use(directory);
  };
  const upper = options.upper === undefined ? undefined : open(options.upper);
  if (options.upper !== undefined && upper === undefined)
    throw new HookError('rootfs', `the upper directory ${quoted(options.upper)} is gone`);
  const openLower = (path: ByteString) => {
    const unmapped = idMappings && withoutIdMapping(path, options.upper);
    return open(path) ?? (unmapped === undefined ? undefined : open(unmapped));
  };
  const openAll = (paths: readonly ByteString[]) =>
    paths.map(openLower).filter((root) => root !== undefined);
  const image = { lowers: openAll(lowers), dataLowers: openAll(dataLowers) };
  const isWhole = image.lowers.length + image.dataLowers.length === count;
  const keep = held.move();
  return {
    upper,
    image: isWhole ? image : undefined,
    [Symbol.dispose]: () => {
      keep.dispose();
    },
  };
}

/**
 * Relative lower directories were relative to the mounting process's working directory, which is not on record.
 * containerd (`…/snapshots/N/fs`), Docker and containers/storage (`…/overlay/ID/diff`) all mount from two above the
 * upper directory.
 */
export function anchorLayers(
  options: Pick<OverlayOptions, 'lowers' | 'dataLowers' | 'upper'>,
): Pick<OverlayOptions, 'lowers' | 'dataLowers'> {
  const { upper } = options;
  const anchor = upper?.startsWith('/') ? `${upper}/../..` : undefined;
  const anchorOne = (path: ByteString) => {
    if (path.startsWith('/')) return path;
    if (anchor !== undefined) return `${anchor}/${path}`;
    throw new HookError(
      'rootfs',
      `cannot tell where the lower directory ${quoted(path)} is: it is relative, and there is no absolute upper directory`,
    );
  };
  return {
    lowers: options.lowers.map(anchorOne),
    dataLowers: options.dataLowers.map(anchorOne),
  };
}

/**
 * For a container with a user namespace, containers/storage id-maps its home to `HOME/ID/mapped/N`, mounts the overlay of
 * the layers' short links in there, and takes that mapping away again (drivers/overlay/overlay.go, getMappedMountRoot).
 * The layers are where the same links lead in the home itself; imageOwners finds out that their ids are the image's.
 */
function withoutIdMapping(path: ByteString, upper: ByteString | undefined): ByteString | undefined {
  const [, home, id] = /^(\/.+)\/([^/]+)\/diff$/.exec(upper ?? '') ?? [];
  const prefix = `${home}/${id}/mapped/`;
  if (home === undefined || !path.startsWith(prefix)) return undefined;
  const [, link] = /^[0-9]+\/(l\/[A-Z0-9]+)$/.exec(path.slice(prefix.length)) ?? [];
  return link && `${home}/${link}`;
}
