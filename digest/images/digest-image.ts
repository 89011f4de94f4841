import { readLayers } from '#digest/blobs/read-layers';
import type { DigestText } from '#digest/digest';
import { digestLayers, type LayeredRootfs, type Semantics } from '#digest/layers/layered-rootfs';
import { type ImageReference, type OpenImage, openImage, type Platform } from './image-source.ts';

export interface DigestImageOptions {
  /** Undefined: this machine's, if there is a choice. */
  readonly platform?: Platform | undefined;
  /** Whose way of unpacking counts. Undefined: that of all engines, if it is one. */
  readonly semantics?: Semantics | undefined;
  /** Called now and then with the bytes read so far, and all of them: first of a compressed archive, then of the layers. */
  readonly onProgress?: ((read: number, all: number) => void) | undefined;
}

export interface ImageDigest {
  readonly rootfs: LayeredRootfs;
  readonly platform: Platform;
  readonly layerCount: number;
  /** Undefined in a docker-archive, which has no manifest. */
  readonly manifestDigest: DigestText | undefined;
  /** Docker's image id. */
  readonly configDigest: DigestText;
}

/**
 * The rootfs digest of an image that was never unpacked.
 *
 * @throws {DigestError} `image`, `layer`, `ambiguous`, `too-large`, `unreadable`
 */
export async function digestImage(
  reference: ImageReference,
  { platform, semantics, onProgress }: DigestImageOptions = {},
): Promise<ImageDigest> {
  using image = await openImage(reference, { platform, onProgress });
  const layers = await readLayers(image.layers, progressOf(image, onProgress));
  return {
    rootfs: digestLayers(layers, semantics),
    platform: image.platform,
    layerCount: layers.length,
    manifestDigest: image.manifestDigest,
    configDigest: image.configDigest,
  };
}

function progressOf({ layers }: OpenImage, onProgress: DigestImageOptions['onProgress']) {
  if (onProgress === undefined) return {};
  // Equal layers are read once.
  const sizes = new Map(layers.map(({ blob, diffID }) => [diffID, blob.size]));
  const all = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  let read = 0;
  return {
    onProgress(bytes: number): void {
      read += bytes;
      onProgress(Math.min(read, all), all);
    },
  };
}
