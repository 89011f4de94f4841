/** What is read of one image at most, all its layers together. Whatever an image claims, it costs no more than this. */
export interface ReadLimits {
  readonly layers: number;
  /** Of the layers' archives, those that no engine unpacks included. */
  readonly entries: number;
  /** Uncompressed bytes, the holes of sparse files included. */
  readonly bytes: number;
  /** Bytes of names, link targets and extended attributes, and 64 for each attribute: they stay in memory. */
  readonly metadataBytes: number;
}

/** overlayfs takes 500 layers; the largest images of today have some 100,000 entries and 30 GiB. */
export const READ_LIMITS: ReadLimits = {
  layers: 500,
  entries: 1_000_000,
  bytes: 128 * 1024 ** 3,
  metadataBytes: 128 * 1024 ** 2,
};
