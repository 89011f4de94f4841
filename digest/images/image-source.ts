import type { LayerSource } from '#digest/blobs/layer-source';
import type { DigestText } from '#digest/digest';
import type { Platform } from '#digest/platform';
import { openDirectory } from './directory-files.ts';
import { findDockerImage } from './docker-archive.ts';
import { type ImageParts, platformOf } from './image-parts.ts';
import { findOciImage } from './oci-layout.ts';
import type { StoredFiles } from './stored-files.ts';

export type { Platform } from '#digest/platform';

/** An image as it is stored, and which of those that are stored there. */
export interface ImageReference {
  readonly kind: 'oci' | 'oci-archive' | 'docker-archive';
  /** Of a directory or a file of the host's. */
  readonly path: string;
  /** A name, a digest, …; undefined: the only one. */
  readonly reference: string | undefined;
}

export interface ImageOptions {
  /** Undefined: this machine's, if there is a choice. */
  readonly platform?: Platform | undefined;
  /** Called now and then while an archive is unpacked, with its bytes read so far and all of them. */
  readonly onProgress?: ((read: number, all: number) => void) | undefined;
}

/** An image whose layers can be read, until it is disposed of. */
export interface OpenImage extends Disposable {
  /** The base first. */
  readonly layers: readonly LayerSource[];
  /** The configuration's. */
  readonly platform: Platform;
  /** Undefined in a docker-archive, which has no manifest. */
  readonly manifestDigest: DigestText | undefined;
  /** Docker's image id. */
  readonly configDigest: DigestText;
}

/**
 * Finds an image and its layers. Everything but the layers' own bytes is verified.
 *
 * @throws {DigestError} `image`, `unreadable`
 */
export async function openImage(
  reference: ImageReference,
  { platform, onProgress }: ImageOptions = {},
): Promise<OpenImage> {
  using stack = new DisposableStack();
  const files = stack.use(await openFiles(reference, onProgress));
  const { layers, config, configDigest, manifestDigest } = findImage(files, reference, platform);
  const held = stack.move();
  return {
    layers,
    platform: platformOf(config),
    configDigest,
    manifestDigest,
    [Symbol.dispose]: () => held.dispose(),
  };
}

async function openFiles(
  { kind, path }: ImageReference,
  onProgress: ImageOptions['onProgress'],
): Promise<StoredFiles> {
  if (kind === 'oci') return openDirectory(path);
  const { openArchive } = await import('./archive-files.ts');
  return await openArchive(path, onProgress);
}

function findImage(
  files: StoredFiles,
  { kind, reference }: ImageReference,
  platform: Platform | undefined,
): ImageParts {
  const find = kind === 'docker-archive' ? findDockerImage : findOciImage;
  return find(files, reference, platform);
}
