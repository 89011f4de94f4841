import type { DigestText } from '#digest/digest';
import type { Platform } from '#digest/platform';
import { checkDigest, type Descriptor } from './descriptor.ts';
import type { ImageDocuments } from './image-documents.ts';
import { imageError } from './image-error.ts';
import { platformOf } from './image-parts.ts';
import type { Candidate } from './manifest-choice.ts';
import { isConfigType, isIndexType, isManifestType } from './media-types.ts';
import type { ManifestDescriptor } from './oci/image.generated.ts';

/** BuildKit's attestation-storage.md. */
const ATTESTATION = 'vnd.docker.reference.type';

const MAX_DEPTH = 8;

/** A manifest that an index leads to. */
export interface FoundManifest extends Candidate {
  readonly descriptor: Descriptor;
}

/** Every descriptor at and below one of an index, each digest once. */
export function* descriptorsBelow(
  documents: ImageDocuments,
  descriptor: ManifestDescriptor,
  seen: Set<string> = new Set(),
  depth = 0,
): Generator<ManifestDescriptor> {
  if (seen.has(descriptor.digest)) return;
  seen.add(descriptor.digest);
  yield descriptor;
  if (!isIndexType(descriptor.mediaType)) return;
  if (depth === MAX_DEPTH) throw imageError(`indexes nested more than ${MAX_DEPTH} deep`);
  for (const inner of documents.index(descriptor).manifests) {
    yield* descriptorsBelow(documents, inner, seen, depth + 1);
  }
}

/**
 * The image manifests at and below a descriptor. What is no image is no choice (docs/images.md, "Which image").
 *
 * @param name of the descriptor, for messages
 */
export function manifestsBelow(
  documents: ImageDocuments,
  descriptor: ManifestDescriptor,
  name: string | undefined,
): readonly FoundManifest[] {
  const found: FoundManifest[] = [];
  for (const inner of descriptorsBelow(documents, descriptor)) {
    if (!isImageManifest(inner)) continue;
    const platform = inner.platform ?? configuredPlatform(documents, inner);
    if (platform === undefined) continue;
    const digest: DigestText = checkDigest(inner.digest, 'manifest');
    found.push({ digest, name, platform, descriptor: inner });
  }
  return found;
}

function isImageManifest({ mediaType, artifactType, annotations, platform }: ManifestDescriptor) {
  const isAttestation =
    Object.hasOwn(annotations ?? {}, ATTESTATION) ||
    (platform?.os === 'unknown' && platform.architecture === 'unknown');
  return isManifestType(mediaType) && artifactType === undefined && !isAttestation;
}

/** Undefined where the configuration is no image's. */
function configuredPlatform(
  documents: ImageDocuments,
  descriptor: Descriptor,
): Platform | undefined {
  const { config } = documents.manifest(descriptor);
  return isConfigType(config.mediaType) ? platformOf(documents.config(config)) : undefined;
}
