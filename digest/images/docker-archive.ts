import type { BlobRegion } from '#digest/blobs/layer-source';
import type { DigestText } from '#digest/digest';
import { cleanInRoot } from '#digest/layers/clean-path';
import { type Platform, showPlatform } from '#digest/platform';
import { quoted } from '#digest/quoted';
import { digestOf, readDocument } from './document.ts';
import { imageError } from './image-error.ts';
import {
  checkLayerCount,
  type ImageParts,
  platformOf,
  type StoredLayer,
  withDiffIDs,
} from './image-parts.ts';
import { list } from './manifest-choice.ts';
import type { DockerArchive, DockerArchiveImage, ImageConfig } from './oci/image.generated.ts';
import { parseDockerArchive, parseImageConfig } from './oci/parse.ts';
import { satisfies } from './platform-match.ts';
import { isSameRepoTag } from './repo-tag.ts';
import type { StoredFiles } from './stored-files.ts';

/** Where a name gives a digest: of a configuration (Docker's, crane's), of a layer of newer archives. */
const NAMED_DIGEST =
  /^(?:blobs\/sha256\/([0-9a-f]{64})|([0-9a-f]{64})\.json|sha256:([0-9a-f]{64}))$/;
const NTH = /^@(\d{1,6})$/;

/**
 * An image of a docker-archive (docs/images.md, "docker-archive").
 *
 * @param reference a RepoTag, an image id, or `@N`; undefined: the only image
 * @throws {DigestError} `image`, `unreadable`
 */
export function findDockerImage(
  files: StoredFiles,
  reference: string | undefined,
  wanted: Platform | undefined,
): ImageParts {
  const image = chooseImage(readManifest(files), reference, files.label);
  const { config, configDigest } = readConfig(files, image);
  const platform = platformOf(config);
  if (wanted !== undefined && !satisfies(platform, wanted)) {
    throw imageError(
      `expected an image for ${showPlatform(wanted)}, found ${showPlatform(platform)}`,
    );
  }
  const names = image.Layers ?? [];
  checkLayerCount(names);
  const stored = names.map((name, index) => findLayer(files, name, index));
  const layers = withDiffIDs(stored, config);
  return { layers, config, configDigest, manifestDigest: undefined };
}

function readManifest(files: StoredFiles): DockerArchive {
  const name = 'manifest.json';
  const blob = files.find(name);
  if (blob !== undefined) return parseDockerArchive(readDocument(blob, name, undefined), name);
  const isLayout = files.find('oci-layout') !== undefined;
  const other = isLayout ? ' but an OCI layout: oci-archive:FILE reads that' : '';
  throw imageError(
    `expected an archive of Docker 1.10 or later in ${files.label}, found no ${name}${other}`,
  );
}

function chooseImage(
  images: DockerArchive,
  reference: string | undefined,
  label: string,
): DockerArchiveImage {
  const meant = images.filter((image, index) => isMeant(image, index, reference));
  const [image] = meant;
  if (image !== undefined && meant.length === 1) return image;
  const found = list(images.map(({ RepoTags }, index) => quoted(RepoTags?.[0] ?? `@${index}`)));
  if (meant.length > 1) {
    throw imageError(`expected one image to be meant in ${label}, found ${found}`);
  }
  const what = reference === undefined ? 'an image' : quoted(reference);
  throw imageError(`expected ${what} in ${label}, found ${found || 'none'}`);
}

function isMeant(
  { Config, RepoTags }: DockerArchiveImage,
  index: number,
  reference: string | undefined,
): boolean {
  if (reference === undefined) return true;
  const nth = NTH.exec(reference)?.[1];
  if (nth !== undefined) return Number(nth) === index;
  if (reference === namedDigest(cleanInRoot(Config))) return true;
  return RepoTags?.some((tag) => isSameRepoTag(tag, reference)) ?? false;
}

function namedDigest(name: string): DigestText | undefined {
  const hex = NAMED_DIGEST.exec(name)
    ?.slice(1)
    .find((group) => group !== undefined);
  return hex === undefined ? undefined : `sha256:${hex}`;
}

interface ReadConfig {
  readonly config: ImageConfig;
  readonly configDigest: DigestText;
}

function readConfig(files: StoredFiles, { Config }: DockerArchiveImage): ReadConfig {
  const name = cleanInRoot(Config);
  const what = `configuration ${quoted(name)}`;
  const bytes = readDocument(findNamed(files, name, what), what, namedDigest(name));
  return { config: parseImageConfig(bytes, what), configDigest: digestOf(bytes) };
}

function findLayer(files: StoredFiles, path: string, index: number): StoredLayer {
  const name = cleanInRoot(path);
  const blob = findNamed(files, name, `layer ${index}`);
  return { blob, mediaType: undefined, digest: namedDigest(name) };
}

function findNamed(files: StoredFiles, name: string, what: string): BlobRegion {
  const blob = files.find(name);
  if (blob !== undefined) return blob;
  throw imageError(`${what}: expected ${quoted(name)} in ${files.label}, found none`);
}
