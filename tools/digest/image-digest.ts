import type { Entry } from '#digest/entry';
import { digestImage, type ImageDigest } from '#digest/images/digest-image';
import { AmbiguityError } from '#digest/layers/layered-rootfs';
import { encodeEntry, LISTING_HEADER } from '#digest/listing';
import { ToolError } from '#tools/errors';
import { startByteProgress } from '#tools/progress';
import type { ImageSource } from '#tools/source';
import { describeDisagreements } from './disagreements.ts';
import type { SourceDigest, SourceOptions } from './source-digest.ts';

const CHUNK_SIZE = 64 * 1024;

/**
 * Of an image that was never unpacked.
 *
 * @throws DigestError; ToolError `ambiguous`
 */
export async function digestImageSource(
  source: ImageSource,
  options: SourceOptions,
): Promise<SourceDigest> {
  const { onListing, semantics } = options;
  const image = await readImage(source, options);
  const { digest, entries, fileBytes } = image.rootfs;
  if (onListing !== undefined) writeListing(entries, onListing);
  return {
    digest,
    entries: entries.length,
    fileBytes,
    sockets: [],
    foreignMounts: [],
    listed: entries,
    image,
    semantics,
  };
}

async function readImage(
  source: ImageSource,
  { platform, semantics, onAmbiguity }: SourceOptions,
): Promise<ImageDigest> {
  const progress = startByteProgress('reading');
  try {
    const onProgress = (read: number, all: number) => progress.count({ read, all });
    return await digestImage(source, { platform, semantics, onProgress });
  } catch (error) {
    // Whoever is told may write to the terminal.
    progress.clear();
    if (error instanceof AmbiguityError) onAmbiguity?.(error);
    throw explain(error);
  } finally {
    progress.clear();
  }
}

function explain(error: unknown): unknown {
  if (!(error instanceof AmbiguityError)) return error;
  return new ToolError('ambiguous', 'engines unpack this image differently', {
    cause: error,
    details: describeDisagreements(error),
    hint: 'say whose containers you mean: --semantics containerd, docker or podman',
  });
}

/** In pieces: a listing of a million entries is longer than a string should be. */
function writeListing(entries: readonly Entry[], onListing: (chunk: Uint8Array) => void): void {
  let lines = LISTING_HEADER.rootfs;
  for (const entry of entries) {
    lines += encodeEntry(entry);
    if (lines.length < CHUNK_SIZE) continue;
    onListing(Buffer.from(lines, 'latin1'));
    lines = '';
  }
  onListing(Buffer.from(lines, 'latin1'));
}
