import type { DigestText } from '#digest/digest';

/** Bytes of an open file, read with positioned reads: from any thread, and without moving anybody's place in it. */
export interface BlobRegion {
  readonly fd: number;
  readonly offset: number;
  readonly size: number;
}

/** Where a layer's bytes are, and what the image says of them. */
export interface LayerSource {
  readonly blob: BlobRegion;
  /** Undefined in a docker-archive, which has none: the content alone tells then how it is compressed. */
  readonly mediaType: string | undefined;
  /** Of the blob as it is stored, if the image gives one. That its size is the region's, the caller has checked. */
  readonly digest: DigestText | undefined;
  /** Of the uncompressed archive. */
  readonly diffID: DigestText;
  /** For messages. */
  readonly label: string;
}
