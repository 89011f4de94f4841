/**
 * Why a digest could not be taken. Stable: callers and tests match on it.
 *
 * - `unreadable`: a file, directory or attribute could not be read (the cause says why)
 * - `changed`: an entry shrank, grew, vanished or became something else while it was read
 * - `foreign-mount`: another filesystem or bind mount lies inside the tree
 * - `needs-kernel`: overlay layers that only the kernel can merge (redirect, metacopy, …)
 * - `unmapped-id`: an owner that the container's user namespace does not map
 * - `unrepresentable`: something a listing cannot express
 * - `malformed`: a text that is not a listing (or a digest, or an attribute value)
 * - `interrupted`: the caller's deadline passed
 * - `image`: an image's index, manifest, configuration or blob is not what it should be, or is missing
 * - `layer`: a layer's archive is broken, or engines refuse to unpack it
 * - `ambiguous`: engines unpack the image differently, and none was chosen
 * - `too-large`: more than is read of any image
 */
export type DigestErrorCode =
  | 'unreadable'
  | 'changed'
  | 'foreign-mount'
  | 'needs-kernel'
  | 'unmapped-id'
  | 'unrepresentable'
  | 'malformed'
  | 'interrupted'
  | 'image'
  | 'layer'
  | 'ambiguous'
  | 'too-large';

export class DigestError extends Error {
  override readonly name = 'DigestError';
  readonly code: DigestErrorCode;

  constructor(code: DigestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}
