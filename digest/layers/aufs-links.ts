import type { ByteString } from '#digest/entry';
import { applyAttributes } from './apply-attributes.ts';
import { cleanInRoot, nameOf } from './clean-path.ts';
import { isDirectory, newRoot } from './inode.ts';
import { createIn } from './kernel-calls.ts';
import { type LayerEntry, TypeFlag } from './layer.ts';
import { KERNEL, lookupPath } from './lookup-path.ts';
import type { Unpacking } from './unpacking.ts';

const META_PREFIX = '.wh..wh.';
const LINK_DIRECTORY = '.wh..wh.plnk';

/** aufs's own directories at the root of a layer, which Docker's and podman's UnpackLayer() leaves out, but for what hard links need. */
export class AufsLinks {
  readonly #unpacking: Unpacking;
  readonly #files = new Map<ByteString, LayerEntry>();

  constructor(unpacking: Unpacking) {
    this.#unpacking = unpacking;
  }

  /** @returns whether the entry is aufs's own */
  take(path: ByteString, entry: LayerEntry): boolean {
    if (!path.startsWith(META_PREFIX)) return false;
    if (path.startsWith(LINK_DIRECTORY) && entry.typeFlag === TypeFlag.file) {
      this.#keep(nameOf(path), entry);
    }
    return true;
  }

  #keep(name: ByteString, entry: LayerEntry): void {
    const { engine, root, budget } = this.#unpacking;
    if (engine.name === 'podman') {
      // It keeps them in the image's own /tmp.
      const directory = lookupPath(root, 'tmp', KERNEL, 'follow', budget);
      if (typeof directory === 'string' || !isDirectory(directory)) {
        throw this.#unpacking.refusal('a link of aufs in an image without /tmp');
      }
    }
    applyAttributes(this.#unpacking, createIn(newRoot(), 'file', 0o600, entry), entry, name);
    this.#files.set(name, entry);
  }

  /** What is unpacked for an entry: for a hard link to one of aufs's files that file. */
  resolve(entry: LayerEntry): LayerEntry {
    const isLink = entry.typeFlag === TypeFlag.hardLink;
    if (!isLink || !cleanInRoot(entry.linkName).startsWith(LINK_DIRECTORY)) return entry;
    const file = this.#files.get(nameOf(cleanInRoot(entry.linkName)));
    if (file === undefined)
      throw this.#unpacking.refusal('a hard link to a file of aufs that is missing');
    return file;
  }
}
