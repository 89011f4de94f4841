import { Sha256 } from '#digest/sha256';
import { type TarHeader, TarReader } from '#digest/tar/tar-reader';
import { type Layer, type LayerEntry, TypeFlag } from './layer.ts';

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

const NOTHING: LayerEntry = {
  name: '',
  typeFlag: TypeFlag.file,
  linkName: '',
  mode: 0o644,
  uid: 0,
  gid: 0,
  major: 0,
  minor: 0,
  isDeviceCut: false,
  size: 0,
  sha256: '',
  xattrs: [],
};

export type More = Partial<LayerEntry>;

export function layerOf(...entries: readonly LayerEntry[]): Layer {
  return { diffID: 'sha256:', entries };
}

export function file(name: string, content = '', more: More = {}): LayerEntry {
  const hash = new Sha256();
  const bytes = Buffer.from(content, 'latin1');
  hash.update(Buffer.concat([bytes, Buffer.alloc(1)]), bytes.length);
  const sha256 = contentDigest({ ...NOTHING, name }, hash);
  return { ...NOTHING, name, size: bytes.length, sha256, ...more };
}

export function directory(name: string, mode = 0o755, more: More = {}): LayerEntry {
  return { ...NOTHING, name, typeFlag: TypeFlag.dir, mode, ...more };
}

export function link(name: string, linkName: string, more: More = {}): LayerEntry {
  return { ...NOTHING, name, typeFlag: TypeFlag.link, linkName, mode: 0o777, ...more };
}

export function hardLink(name: string, linkName: string, more: More = {}): LayerEntry {
  return { ...NOTHING, name, typeFlag: TypeFlag.hardLink, linkName, ...more };
}

export function characterDevice(name: string, major: number, minor: number): LayerEntry {
  return { ...NOTHING, name, typeFlag: TypeFlag.char, major, minor };
}

export function entryOf(typeFlag: string, name: string, more: More = {}): LayerEntry {
  return { ...NOTHING, typeFlag, name, ...more };
}
