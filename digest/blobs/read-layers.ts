import type { Layer } from '#digest/layers/layer';
import type { LayerSource } from './layer-source.ts';
import { READ_LIMITS, type ReadLimits } from './limits.ts';

export type { BlobRegion, LayerSource } from './layer-source.ts';

export interface ReadOptions {
  /** Called now and then with the bytes of blobs read since the last call. */
  readonly onProgress?: (bytes: number) => void;
  readonly limits?: Partial<ReadLimits>;
}

/**
 * Reads the layers of an image, side by side. Nothing is returned before every layer was read to its end and had the digests that the
 * image gives it.
 *
 * @returns one layer for each source, in their order
 * @throws {DigestError} `image` (a digest is not what the image says, a blob is cut short), `layer` (damaged, or no archive that engines
 *   unpack), `too-large`
 */
export function readLayers(
  sources: readonly LayerSource[],
  options: ReadOptions = {},
): Promise<readonly Layer[]> {
  const limits = { ...READ_LIMITS, ...options.limits };
  return Promise.reject(new Error(`cannot read ${sources.length} of ${limits.layers} layers yet`));
}
