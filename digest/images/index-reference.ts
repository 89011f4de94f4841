import { quoted } from '#digest/quoted';
import { isDigestText } from './descriptor.ts';
import type { ImageDocuments } from './image-documents.ts';
import { imageError } from './image-error.ts';
import { list } from './manifest-choice.ts';
import { descriptorsBelow } from './manifest-tree.ts';
import type { ManifestDescriptor } from './oci/image.generated.ts';

/** image-spec annotations.md. */
const REF_NAME = 'org.opencontainers.image.ref.name';
/** containerd's and Docker's: the whole name, where the other is the tag alone. */
const IMAGE_NAME = 'io.containerd.image.name';

/**
 * The descriptors of index.json that are meant, or one below them (docs/images.md, "Which image").
 *
 * @throws {DigestError} `image` where a reference leads to none, or none is given and there are several names
 */
export function meantDescriptors(
  documents: ImageDocuments,
  reference: string | undefined,
): readonly ManifestDescriptor[] {
  const { manifests } = documents.root();
  if (reference === undefined) return checkOneName(manifests, documents.files.label);
  const named = [REF_NAME, IMAGE_NAME]
    .map((key) => manifests.filter((descriptor) => annotation(descriptor, key) === reference))
    .find((found) => found.length > 0);
  const found = named ?? digestBelow(documents, manifests, reference);
  if (found.length > 0) return found;
  throw imageError(
    `expected ${quoted(reference)} in ${documents.files.label}, found ${list(namesOf(manifests))}`,
  );
}

/** What a descriptor of index.json is called. */
export function nameOf(descriptor: ManifestDescriptor): string | undefined {
  return annotation(descriptor, IMAGE_NAME) ?? annotation(descriptor, REF_NAME);
}

function annotation({ annotations = {} }: ManifestDescriptor, key: string): string | undefined {
  return Object.hasOwn(annotations, key) ? annotations[key] : undefined;
}

function digestBelow(
  documents: ImageDocuments,
  manifests: readonly ManifestDescriptor[],
  digest: string,
): readonly ManifestDescriptor[] {
  if (!isDigestText(digest)) return [];
  const seen = new Set<string>();
  for (const top of manifests) {
    for (const found of descriptorsBelow(documents, top, seen)) {
      if (found.digest === digest) return [found];
    }
  }
  return [];
}

function checkOneName(
  manifests: readonly ManifestDescriptor[],
  label: string,
): readonly ManifestDescriptor[] {
  const digests = new Set(manifests.map(({ digest }) => digest));
  const names = new Set(manifests.map(nameOf).filter((name) => name !== undefined));
  if (digests.size <= 1 || names.size <= 1) return manifests;
  throw imageError(
    `expected a reference, as ${label} holds several images, found ${list(namesOf(manifests))}`,
  );
}

function namesOf(manifests: readonly ManifestDescriptor[]): readonly string[] {
  if (manifests.length === 0) return ['nothing'];
  return manifests.map((descriptor) => quoted(nameOf(descriptor) ?? descriptor.digest));
}
