import type { BlobRegion } from '#digest/blobs/layer-source';
import { readRegion } from '#digest/blobs/read-region';
import type { DigestText } from '#digest/digest';
import { sha256 } from '#digest/sha256';
import { imageError } from './image-error.ts';

/** containerd's limit for manifests; podman's for manifests and configurations. */
export const MAX_DOCUMENT_BYTES: number = 4 * 1024 * 1024;

/**
 * The bytes of an index, a manifest or a configuration.
 *
 * @throws {DigestError} `image` (too large, shorter than its region, another digest), `unreadable`
 */
export function readDocument(
  blob: BlobRegion,
  what: string,
  digest: DigestText | undefined,
): Uint8Array {
  if (blob.size === 0 || blob.size > MAX_DOCUMENT_BYTES) {
    throw imageError(`${what}: expected 1 to ${MAX_DOCUMENT_BYTES} bytes, found ${blob.size}`);
  }
  const bytes = readRegion(blob, 0, blob.size);
  if (bytes.length !== blob.size) {
    throw imageError(`${what}: expected ${blob.size} bytes, found ${bytes.length}`);
  }
  const found = digestOf(bytes);
  if (digest !== undefined && found !== digest) {
    throw imageError(`${what}: expected digest ${digest}, found ${found}`);
  }
  return bytes;
}

export function digestOf(bytes: Uint8Array): DigestText {
  return `sha256:${sha256(bytes, bytes.length).toHex()}`;
}
