import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A layer's archive of what lies in a directory: all of it, or those paths without what is below them. Made by GNU tar. */
export function tarOf(directory: string, ...paths: readonly string[]): Buffer {
  const what = paths.length === 0 ? ['.'] : ['--no-recursion', ...paths];
  const words = ['-C', directory, '--numeric-owner', '--sort=name', '-c', ...what];
  return execFileSync('tar', words, { maxBuffer: 2 ** 30 });
}

export interface FixtureImage {
  /** Archives, the base first. */
  readonly layers: readonly Uint8Array[];
  readonly name?: string;
  readonly architecture?: string;
}

/** An OCI layout (image-spec 1.1.1) of uncompressed layers. */
export function makeLayout(layout: string, images: readonly FixtureImage[]): void {
  mkdirSync(join(layout, 'blobs', 'sha256'), { recursive: true });
  writeJSON(join(layout, 'oci-layout'), { imageLayoutVersion: '1.0.0' });
  const manifests = images.map((image) => writeImage(layout, image));
  writeJSON(join(layout, 'index.json'), { schemaVersion: 2, manifests });
}

function writeImage(layout: string, image: FixtureImage): object {
  const { layers, name, architecture = 'amd64' } = image;
  const blob = (type: string, content: Uint8Array) =>
    writeBlob(layout, `application/vnd.oci.image.${type}`, content);
  const descriptors = layers.map((layer) => blob('layer.v1.tar', layer));
  const config = blob(
    'config.v1+json',
    toJSON({
      os: 'linux',
      architecture,
      config: {},
      rootfs: { type: 'layers', diff_ids: descriptors.map(({ digest }) => digest) },
    }),
  );
  const manifest = { schemaVersion: 2, mediaType: MANIFEST, config, layers: descriptors };
  return {
    ...blob('manifest.v1+json', toJSON(manifest)),
    platform: { os: 'linux', architecture },
    ...(name === undefined ? {} : { annotations: { 'org.opencontainers.image.ref.name': name } }),
  };
}

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

function writeBlob(layout: string, mediaType: string, content: Uint8Array): Descriptor {
  const hex = createHash('sha256').update(content).digest('hex');
  writeFileSync(join(layout, 'blobs', 'sha256', hex), content);
  return { mediaType, digest: `sha256:${hex}`, size: content.length };
}

function writeJSON(path: string, value: object): void {
  writeFileSync(path, toJSON(value));
}

function toJSON(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
