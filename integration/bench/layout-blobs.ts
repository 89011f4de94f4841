import { readFileSync } from 'node:fs';

/** The files of the layers of an OCI layout that holds one image, in order. */
export function layerFiles(layout: string): string[] {
  const read = (digest: string) => JSON.parse(readFileSync(blobFile(layout, digest), 'utf8'));
  const index = JSON.parse(readFileSync(`${layout}/index.json`, 'utf8'));
  const { layers } = read(index.manifests[0].digest);
  return layers.map(({ digest }: { digest: string }) => blobFile(layout, digest));
}

function blobFile(layout: string, digest: string): string {
  return `${layout}/blobs/${digest.replace(':', '/')}`;
}
