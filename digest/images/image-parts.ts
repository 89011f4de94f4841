import type { BlobRegion, LayerSource } from '#digest/blobs/layer-source';
import { READ_LIMITS } from '#digest/blobs/limits';
import type { DigestText } from '#digest/digest';
import { DigestError } from '#digest/errors';
import type { Platform } from '#digest/platform';
import { checkDigest } from './descriptor.ts';
import { imageError } from './image-error.ts';
import type { ImageConfig } from './oci/image.generated.ts';

/** What an image is made of, all but the layers read and checked. */
export interface ImageParts {
  /** The base first. */
  readonly layers: readonly LayerSource[];
  readonly config: ImageConfig;
  /** Docker's image id. */
  readonly configDigest: DigestText;
  /** Undefined in a docker-archive, which has no manifest. */
  readonly manifestDigest: DigestText | undefined;
}

/** A layer as a manifest names it, before the configuration has said what is in it. */
export interface StoredLayer {
  readonly blob: BlobRegion;
  readonly mediaType: string | undefined;
  readonly digest: DigestText | undefined;
}

/**
 * Each layer with its diff_id (image-spec config.md, "rootfs").
 *
 * @throws {DigestError} `image` where the configuration has not one for each
 */
export function withDiffIDs(
  layers: readonly StoredLayer[],
  { rootfs }: ImageConfig,
): readonly LayerSource[] {
  const diffIDs = rootfs.diff_ids;
  if (diffIDs.length !== layers.length) {
    throw imageError(
      `expected ${layers.length} diff_ids in the configuration, one for each layer, found ${diffIDs.length}`,
    );
  }
  return layers.map((layer, index) => {
    const diffID = checkDigest(diffIDs[index] ?? '', `diff_id of layer ${index}`);
    return { ...layer, diffID, label: `layer ${index} (${layer.digest ?? diffID})` };
  });
}

/** What a configuration says it is for; a member that is null is as good as none (config.md, "Properties"). */
export function platformOf({ os, architecture, variant }: ImageConfig): Platform {
  return variant == null ? { os, architecture } : { os, architecture, variant };
}

/**
 * So that a manifest of ten thousand layers opens no file for each.
 *
 * @throws {DigestError} `too-large`
 */
export function checkLayerCount(layers: readonly unknown[]): void {
  if (layers.length <= READ_LIMITS.layers) return;
  throw new DigestError(
    'too-large',
    `expected at most ${READ_LIMITS.layers} layers, found ${layers.length}`,
  );
}
