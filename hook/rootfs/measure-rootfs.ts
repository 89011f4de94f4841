/**
 * From a container's root directory and a few facts of its config.json to the digest of its image and of what lies
 * above the image. docs/rootfs-digest.md specifies the digests, docs/decisions.md says why they are read this way.
 */
import { measureLayers, measureThroughMount } from './layered-view.ts';
import { openLayerDirectories } from './lower-directories.ts';
import { measureMergedView } from './merged-view.ts';
import { type MountedRootfs, openMountedRootfs } from './mounted-rootfs.ts';
import { parseOverlayOptions } from './overlay-options.ts';
import type { RootfsMeasurement, RootfsQuestion } from './rootfs-measurement.ts';
import { asHookError } from './unmeasurable.ts';

export type { RootfsMeasurement, RootfsQuestion };

/** @throws HookError `rootfs`, or `deadline` when `question.interrupt` ends it */
export function measureRootfs(question: RootfsQuestion): RootfsMeasurement {
  try {
    using mounted = openMountedRootfs(question.rootfs);
    return measureOverlay(mounted, question) ?? measureMergedView(mounted.root, question);
  } catch (error) {
    throw asHookError(error, question.rootfs);
  }
}

/** @returns undefined where there is no overlay, or one that does not tell what of it is the image */
function measureOverlay(
  { root, overlay }: MountedRootfs,
  question: RootfsQuestion,
): RootfsMeasurement | undefined {
  if (overlay === undefined) return undefined;
  const options = parseOverlayOptions(overlay.superOptions);
  using layers = openLayerDirectories(options, question.idMappings);
  const { upper, image } = layers;
  return image === undefined
    ? measureThroughMount({ mounted: root, upper, options, question })
    : measureLayers({ mounted: root, upper, options, question }, image);
}
