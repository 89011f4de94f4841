import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRegion } from '#digest/blobs/read-region';
import type { DigestText } from '#digest/digest';
import { scratchDirectory } from '#digest/tree.fixture';
import { openArchive } from './archive-files.ts';
import {
  type ImageOptions,
  type ImageReference,
  type OpenImage,
  openImage,
  type Platform,
} from './image-source.ts';

export const OCI = 'application/vnd.oci.image';
export const DOCKER = 'application/vnd.docker';

/** Of an error that says what is wrong with an image. */
export const refusal = (message: RegExp): object => ({
  name: 'DigestError',
  code: 'image',
  message,
});

export const amd64: Platform & JsonObject = { os: 'linux', architecture: 'amd64' };
export const arm64: Platform & JsonObject = { os: 'linux', architecture: 'arm64' };

export const digestOf = (bytes: Uint8Array): DigestText =>
  `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const layerTars = new Map<string, Buffer>();

/** What GNU tar makes of an empty directory called `name`. */
export function layerTar(name: string): Buffer {
  const made = layerTars.get(name);
  if (made !== undefined) return made;
  using scratch = scratchDirectory();
  mkdirSync(join(scratch.path, name));
  const tar = execFileSync('tar', ['-c', '--mtime=@0', '-C', scratch.path, name]);
  layerTars.set(name, tar);
  return tar;
}

export interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly [member: string]: unknown;
}

export interface JsonObject {
  readonly [member: string]: unknown;
}

/** A directory into which the files of an image are put. */
export interface ImageDirectory extends Disposable {
  readonly path: string;
  put(name: string, content: Uint8Array | string): void;
  /** Moves a file out of the directory, and puts a link to it where it was. */
  linkOut(name: string): void;
  /** Stores a blob and says so. */
  blob(content: Uint8Array | object, mediaType: string, more?: JsonObject): Descriptor;
  /** An image of one layer for a platform; `more` goes into its manifest. */
  image(platform?: JsonObject, more?: JsonObject): Descriptor;
  /** Writes oci-layout and index.json. */
  index(manifests: readonly unknown[], more?: JsonObject): void;
  open(reference?: string, options?: ImageOptions): Promise<OpenImage>;
  /** The digest of the manifest of the image that is meant. */
  manifestDigest(reference?: string, platform?: Platform): Promise<string | undefined>;
  /** GNU tar's archive of the files. */
  archive(...options: readonly string[]): string;
}

export function imageDirectory(): ImageDirectory {
  const scratch = scratchDirectory();
  const path = join(scratch.path, 'image');
  mkdirSync(path);
  const directory: ImageDirectory = {
    path,
    put(name, content) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      writeFileSync(join(path, name), content);
    },
    linkOut(name) {
      const outside = join(scratch.path, 'outside');
      renameSync(join(path, name), outside);
      symlinkSync(outside, join(path, name));
    },
    blob(content, mediaType, more = {}) {
      const bytes = content instanceof Uint8Array ? content : Buffer.from(JSON.stringify(content));
      const digest = digestOf(bytes);
      const descriptor = { mediaType, digest, size: bytes.length, ...more };
      directory.put(blobOf(descriptor), bytes);
      return descriptor;
    },
    image(platform = amd64, more = {}) {
      const tar = layerTar('etc');
      const rootfs = { type: 'layers', diff_ids: [digestOf(tar)] };
      const config = directory.blob({ ...platform, rootfs }, `${OCI}.config.v1+json`);
      const layers = [directory.blob(tar, `${OCI}.layer.v1.tar`)];
      const manifest = { schemaVersion: 2, config, layers, ...more };
      return directory.blob(manifest, `${OCI}.manifest.v1+json`);
    },
    index(manifests, more = {}) {
      directory.put('oci-layout', '{"imageLayoutVersion":"1.0.0"}');
      directory.put('index.json', JSON.stringify({ schemaVersion: 2, manifests, ...more }));
    },
    open: (reference, options) => openImage({ kind: 'oci', path, reference }, options),
    async manifestDigest(reference, platform) {
      using image = await directory.open(reference, { platform });
      return image.manifestDigest;
    },
    archive(...options) {
      const file = join(scratch.path, `archive-${options.length}.tar`);
      execFileSync('tar', ['-cf', file, '-C', path, ...options, '.']);
      return file;
    },
    [Symbol.dispose]: () => scratch[Symbol.dispose](),
  };
  return directory;
}

/** Where a directory has a blob. */
export const blobOf = ({ digest }: Descriptor): string =>
  digest.replace('sha256:', 'blobs/sha256/');

/** What is found, for comparing: without descriptors of files. */
export async function describeImage(
  reference: ImageReference,
  options?: ImageOptions,
): Promise<object> {
  using image = await openImage(reference, options);
  return {
    layers: image.layers.map(({ digest, diffID, blob }) => ({ digest, diffID, size: blob.size })),
    platform: image.platform,
    configDigest: image.configDigest,
    manifestDigest: image.manifestDigest,
  };
}

/** The content of a member, or undefined. */
export async function contentOf(archive: string, name: string): Promise<string | undefined> {
  using files = await openArchive(archive);
  const blob = files.find(name);
  return blob && readRegion(blob, 0, blob.size).toString();
}
