import { quoted } from '#digest/quoted';
import { checkDigest, type Descriptor, findBlob } from './descriptor.ts';
import { readDocument } from './document.ts';
import { imageError } from './image-error.ts';
import type { ImageConfig, ImageIndex, ImageManifest } from './oci/image.generated.ts';
import {
  parseImageConfig,
  parseImageIndex,
  parseImageLayout,
  parseImageManifest,
} from './oci/parse.ts';
import type { StoredFiles } from './stored-files.ts';

/** Of all documents together. Large indexes have some 10 KiB, large configurations some 100. */
const MAX_BYTES = 64 * 1024 * 1024;

/** The documents of an OCI layout: each has the digest by which it was asked for, and is as its schema says. */
export class ImageDocuments {
  readonly files: StoredFiles;
  #bytes = 0;

  constructor(files: StoredFiles) {
    this.files = files;
  }

  /** @throws {DigestError} `image` where it is no layout of a version that is known */
  checkLayout(): void {
    parseImageLayout(this.#named('oci-layout'), 'oci-layout');
  }

  /** index.json, where every layout begins. */
  root(): ImageIndex {
    return parseImageIndex(this.#named('index.json'), 'index.json');
  }

  index(descriptor: Descriptor): ImageIndex {
    const what = `index ${quoted(descriptor.digest)}`;
    return checkType(parseImageIndex(this.#blob(descriptor, what), what), descriptor, what);
  }

  manifest(descriptor: Descriptor): ImageManifest {
    const what = `manifest ${quoted(descriptor.digest)}`;
    return checkType(parseImageManifest(this.#blob(descriptor, what), what), descriptor, what);
  }

  config(descriptor: Descriptor): ImageConfig {
    const what = `configuration ${quoted(descriptor.digest)}`;
    return parseImageConfig(this.#blob(descriptor, what), what);
  }

  #named(name: string): Uint8Array {
    const blob = this.files.find(name);
    if (blob !== undefined) return readDocument(blob, name, undefined);
    const isDockers = this.files.find('manifest.json') !== undefined;
    const other = isDockers ? ' but a manifest.json: docker-archive:FILE reads that' : '';
    throw imageError(`expected an OCI layout in ${this.files.label}, found no ${name}${other}`);
  }

  #blob(descriptor: Descriptor, what: string): Uint8Array {
    const blob = findBlob(this.files, descriptor, what);
    this.#bytes += blob.size;
    if (this.#bytes > MAX_BYTES) {
      throw imageError(`${what}: expected at most ${MAX_BYTES} bytes of documents in all`);
    }
    return readDocument(blob, what, checkDigest(descriptor.digest, what));
  }
}

function checkType<T extends { mediaType?: string }>(
  document: T,
  { mediaType }: Descriptor,
  what: string,
): T {
  const own = document.mediaType ?? mediaType;
  if (own === mediaType) return document;
  throw imageError(`${what}: expected media type ${quoted(mediaType)}, found ${quoted(own)}`);
}
