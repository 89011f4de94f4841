import type { Platform } from '#digest/platform';
import { quoted } from '#digest/quoted';
import { checkDigest, type Descriptor, findBlob } from './descriptor.ts';
import { ImageDocuments } from './image-documents.ts';
import { imageError } from './image-error.ts';
import { checkLayerCount, type ImageParts, type StoredLayer, withDiffIDs } from './image-parts.ts';
import { meantDescriptors, nameOf } from './index-reference.ts';
import { chooseManifest, list } from './manifest-choice.ts';
import { type FoundManifest, manifestsBelow } from './manifest-tree.ts';
import { isConfigType, isLayerType, isNondistributable } from './media-types.ts';
import type { StoredFiles } from './stored-files.ts';

/**
 * An image of an OCI layout (docs/images.md, "OCI layouts").
 *
 * @param reference a name or a digest; undefined: the only image
 * @param wanted undefined: this machine's platform, if there is a choice
 * @throws {DigestError} `image`, `unreadable`
 */
export function findOciImage(
  files: StoredFiles,
  reference: string | undefined,
  wanted: Platform | undefined,
): ImageParts {
  const documents = new ImageDocuments(files);
  documents.checkLayout();
  const manifest = findManifest(documents, reference, wanted);
  const { config, layers } = documents.manifest(manifest.descriptor);
  if (!isConfigType(config.mediaType)) {
    throw imageError(`expected an image's configuration, found ${quoted(config.mediaType)}`);
  }
  const image = documents.config(config);
  checkLayerCount(layers);
  const stored = layers.map((layer, index) => findLayer(files, layer, `layer ${index}`));
  return {
    layers: withDiffIDs(stored, image),
    config: image,
    configDigest: checkDigest(config.digest, 'configuration'),
    manifestDigest: manifest.digest,
  };
}

function findManifest(
  documents: ImageDocuments,
  reference: string | undefined,
  wanted: Platform | undefined,
): FoundManifest {
  const { label } = documents.files;
  const meant = meantDescriptors(documents, reference);
  const found = meant.flatMap((top) => manifestsBelow(documents, top, nameOf(top)));
  const where = reference === undefined ? label : `${label} under ${quoted(reference)}`;
  if (found.length === 0 && meant.length > 0) {
    const types = meant.map(({ mediaType }) => quoted(mediaType));
    throw imageError(`expected an image in ${where}, found nothing but ${list(types)}`);
  }
  return chooseManifest(found, wanted, where);
}

function findLayer(files: StoredFiles, descriptor: Descriptor, what: string): StoredLayer {
  const { mediaType } = descriptor;
  if (!isLayerType(mediaType)) {
    throw imageError(`${what}: expected the media type of a layer, found ${quoted(mediaType)}`);
  }
  const kind = isNondistributable(mediaType) ? `${what}, which is not distributable` : what;
  const digest = checkDigest(descriptor.digest, what);
  return { blob: findBlob(files, descriptor, kind), mediaType, digest };
}
