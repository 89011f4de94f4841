import { Sha256 } from '#digest/sha256';
import { type TarHeader, TarReader } from '#digest/tar/tar-reader';
import type { Layer, LayerEntry } from './layer.ts';

/** A layer's archive in memory, read as an image's is. */
export function readLayer(archive: Uint8Array): Layer {
  const entries: LayerEntry[] = [];
  let header: TarHeader | undefined;
  let hash = new Sha256();
  const reader = new TarReader({
    header: (found) => {
      header = found;
      hash = new Sha256();
    },
    data: (chunk) => update(hash, chunk),
    hole: (length) => update(hash, new Uint8Array(length)),
    end: () => {
      if (header !== undefined) entries.push({ ...header, sha256: contentDigest(header, hash) });
    },
  });
  reader.write(archive);
  reader.close();
  return { diffID: 'sha256:', entries };
}

function update(hash: Sha256, bytes: Uint8Array): void {
  hash.update(Buffer.from(bytes), bytes.length);
}

function contentDigest({ typeFlag }: TarHeader, hash: Sha256): string {
  const digest = hash.digest().toHex();
  hash[Symbol.dispose]();
  return typeFlag === '0' ? digest : '';
}
