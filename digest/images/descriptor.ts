import type { BlobRegion } from '#digest/blobs/layer-source';
import type { DigestText } from '#digest/digest';
import { quoted } from '#digest/quoted';
import { imageError } from './image-error.ts';
import type { StoredFiles } from './stored-files.ts';

/** What is said of a blob (image-spec descriptor.md). */
export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

const SHA256 = /^sha256:[0-9a-f]{64}$/;

export function isDigestText(text: string): text is DigestText {
  return SHA256.test(text);
}

/** @throws {DigestError} `image` where it is of another algorithm, or none */
export function checkDigest(text: string, what: string): DigestText {
  if (isDigestText(text)) return text;
  throw imageError(`${what}: expected sha256: and 64 hexadecimal digits, found ${quoted(text)}`);
}

/** Where a layout has a blob (image-layout.md, "Blobs"). */
export function blobName(digest: DigestText): string {
  return digest.replace('sha256:', 'blobs/sha256/');
}

/**
 * A blob of a layout, its size compared.
 *
 * @param what it is, for messages
 * @throws {DigestError} `image` where it is not there, or of another size
 */
export function findBlob(files: StoredFiles, descriptor: Descriptor, what: string): BlobRegion {
  const digest = checkDigest(descriptor.digest, what);
  const blob = files.find(blobName(digest));
  if (blob === undefined) {
    throw imageError(`${what}: expected blob ${digest} in ${files.label}, found none`);
  }
  if (blob.size === descriptor.size) return blob;
  throw imageError(
    `${what}: expected blob ${digest} of ${descriptor.size} bytes, found ${blob.size}`,
  );
}
