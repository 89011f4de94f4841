import type { ByteString } from '#digest/entry';
import { applyAttributes } from './apply-attributes.ts';
import { AufsLinks } from './aufs-links.ts';
import { cleanInRoot, parentOf, staysBelow } from './clean-path.ts';
import { createInode } from './create-inode.ts';
import { type Place, PlaceFinder } from './find-place.ts';
import { isDirectory } from './inode.ts';
import { type Layer, type LayerEntry, TypeFlag } from './layer.ts';
import { lookupPath } from './lookup-path.ts';
import { lookupPlain, lookupRootPath } from './plain-lookup.ts';
import type { Unpacking } from './unpacking.ts';
import {
  emptyOpaque,
  isPassedOver,
  makeWhiteout,
  OPAQUE_MARKER,
  removeHidden,
  WHITEOUT_PREFIX,
} from './whiteout.ts';

/**
 * Unpacks one layer as an engine does, entry after entry.
 *
 * @throws {DigestError} `layer` (a {@link Refusal}), `too-large`
 */
export function unpackLayer(unpacking: Unpacking, layer: Layer): void {
  const run = new LayerRun(unpacking, layer);
  for (const entry of layer.entries) {
    unpacking.entryName = entry.name;
    run.unpack(entry);
  }
  run.finish();
}

class LayerRun {
  readonly #unpacking: Unpacking;
  readonly #places: PlaceFinder;
  readonly #aufs: AufsLinks;
  /** What this layer has put where, for opaque directories. */
  readonly #unpacked = new Set<ByteString>();
  readonly #opaque = new Set<ByteString>();
  readonly #hasOpaque: boolean;
  readonly #directories: { readonly name: ByteString; readonly path: ByteString }[] = [];

  constructor(unpacking: Unpacking, { entries }: Layer) {
    this.#unpacking = unpacking;
    this.#places = new PlaceFinder(unpacking);
    this.#aufs = new AufsLinks(unpacking);
    this.#hasOpaque = entries.some(({ name }) => name.includes(OPAQUE_MARKER));
  }

  unpack(entry: LayerEntry): void {
    const { engine, isSequential } = this.#unpacking;
    const isGlobal = entry.typeFlag === TypeFlag.global;
    if (isGlobal || !staysBelow(entry.name)) this.#unpacking.isShared = false;
    if (isGlobal && engine.globalHeaders === 'ignore' && !isSequential) return;
    const path = this.#cleanPath(entry);
    if (path === '') {
      this.#unpackRoot(entry);
      return;
    }
    if (isSequential && engine.name === 'docker' && this.#isAufs(path, entry)) return;
    if (isPassedOver(this.#unpacking, path)) return;
    const place = this.#places.find(path);
    if (isSequential && engine.name === 'podman' && this.#isAufs(path, entry)) return;
    if (place.name.startsWith(WHITEOUT_PREFIX)) this.#applyWhiteout(place, entry);
    else this.#unpackInto(place, entry);
  }

  #isAufs(path: ByteString, entry: LayerEntry): boolean {
    return this.#aufs.take(path, entry) && path !== OPAQUE_MARKER;
  }

  #cleanPath({ name }: LayerEntry): ByteString {
    const { engine } = this.#unpacking;
    if (engine.aboveRoot === 'refuse' && !staysBelow(name.replace(/^\/+/, ''))) {
      throw this.#unpacking.refusal('a name above the root');
    }
    return cleanInRoot(name);
  }

  /** The root's own metadata is in no listing; what is below can inherit from it where podman sets it. */
  #unpackRoot(entry: LayerEntry): void {
    const { engine, root, isSequential } = this.#unpacking;
    if (entry.name.startsWith('/')) this.#unpacking.isShared = false;
    if (engine.rootAsFile === 'ignore') return;
    const isDot = !entry.name.startsWith('/') && staysBelow(entry.name);
    if (isDot && !isSequential) return;
    if (entry.typeFlag !== TypeFlag.dir)
      throw this.#unpacking.refusal('a root that is no directory');
    applyAttributes(this.#unpacking, root, entry, '');
  }

  #applyWhiteout(place: Place, entry: LayerEntry): void {
    const { engine, style } = this.#unpacking;
    const isLowest = this.#unpacking.lowers.length === 0;
    if (isLowest || place.directory.names.has(place.name)) this.#unpacking.isShared = false;
    if (style === 'removing') {
      if (place.name === OPAQUE_MARKER) this.#emptyOpaque(place);
      else removeHidden(this.#unpacking, place);
      return;
    }
    if (engine.underWhiteoutName === 'remove') this.#clear(place, entry);
    makeWhiteout(this.#unpacking, place);
  }

  #emptyOpaque(place: Place): void {
    // containerd does it once for a directory.
    if (this.#unpacking.engine.name === 'containerd') {
      if (this.#opaque.has(place.path)) return;
      this.#opaque.add(place.path);
    }
    emptyOpaque(this.#unpacking, place, this.#unpacked);
  }

  #unpackInto(place: Place, headed: LayerEntry): void {
    if (this.#clear(place, headed)) this.#checkWay(place);
    const entry = this.#unpacking.isSequential ? this.#resolveAufs(headed) : headed;
    if (entry.typeFlag !== TypeFlag.global) {
      const inode = createInode(this.#unpacking, place, entry);
      applyAttributes(this.#unpacking, inode, entry, place.path);
    }
    if (headed.typeFlag === TypeFlag.dir) {
      this.#directories.push({ name: headed.name, path: place.path });
    }
    if (this.#hasOpaque) this.#unpacked.add(place.path);
  }

  /** What was removed may have been on the way to its place, where that leads through links. */
  #checkWay({ path, directory, isThroughLinks }: Place): void {
    const { engine, root, budget } = this.#unpacking;
    if (!isThroughLinks || engine.links === 'in the text') return;
    const found = lookupPath(root, parentOf(path), engine.links, 'follow', budget);
    if (found !== directory)
      throw this.#unpacking.refusal('it removes what its own path leads through');
  }

  #resolveAufs(entry: LayerEntry): LayerEntry {
    return this.#unpacking.engine.name === 'containerd' ? entry : this.#aufs.resolve(entry);
  }

  /** Makes room: only a directory is kept for a directory. @returns whether something was removed */
  #clear({ directory, name }: Place, { typeFlag }: LayerEntry): boolean {
    const there = directory.names.get(name);
    if (there === undefined || (isDirectory(there) && typeFlag === TypeFlag.dir)) return false;
    this.#unpacking.remove(directory, name);
    return true;
  }

  /** Engines set the times of directories at last, and fail where one has gone. */
  finish(): void {
    const { removals, root, budget, engine } = this.#unpacking;
    if (removals === 0) return;
    for (const { name, path } of this.#directories) {
      const found =
        engine.links === 'in the text'
          ? lookupRootPath(root, cleanInRoot(name), budget)
          : lookupPath(root, path, engine.links, 'follow', budget);
      if (typeof found !== 'string') {
        this.#unpacking.isShared &&= lookupPlain(root, path, budget) === found;
        continue;
      }
      this.#unpacking.entryName = name;
      throw this.#unpacking.refusal(`a directory that the layer has removed again (${found})`);
    }
  }
}
