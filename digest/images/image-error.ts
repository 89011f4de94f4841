import { DigestError } from '#digest/errors';

/** An error about an image's own documents and blobs. */
export function imageError(message: string, options?: ErrorOptions): DigestError {
  return new DigestError('image', message, options);
}
