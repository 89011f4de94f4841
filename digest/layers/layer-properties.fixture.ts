import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import fc from 'fast-check';
import type { Entry } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { encodeEntry, LISTING_HEADER } from '#digest/listing';
import { SEMANTICS } from '#digest/semantics';
import { digestDirectory, MS_RDONLY, scratchDirectory } from '#digest/tree.fixture';
import { remember, unpackInChroot } from './chroot-unpacker.fixture.ts';
import { file, layerOf } from './layer.fixture.ts';
import { type Layer, type LayerEntry, TypeFlag } from './layer.ts';
import { digestLayers, type LayeredRootfs } from './layered-rootfs.ts';
import { randomLayers, type Strangeness } from './random-layers.fixture.ts';
import { Refusal } from './refusal.ts';
import { type Unpacked, unpackAsOverlay, unpackAsOverlays } from './unpack-image.ts';

export type LayersProperty = fc.IProperty<[Layer[]]>;

/** In half of the images only what podman accepts: else nearly all are refused. */
function someLayers(strangeness: Strangeness, maxLayers: number): fc.Arbitrary<Layer[]> {
  const layers = randomLayers(strangeness, maxLayers);
  return fc.oneof(layers, layers.map(withoutRefused));
}

function withoutRefused(layers: readonly Layer[]): Layer[] {
  return layers.map(({ entries }) => {
    const kept: LayerEntry[] = [];
    for (const entry of entries) {
      kept.push(entry);
      if (unpackAsOverlay([layerOf(...kept)], 'podman') instanceof Refusal) kept.pop();
    }
    return layerOf(...kept);
  });
}

const CONTENTS = ['', 'x', 'y'];

function answer(unpacked: Unpacked): string {
  if (unpacked instanceof Refusal) return 'refused';
  return LISTING_HEADER.rootfs + unpacked.map(encodeEntry).join('');
}

/** Whatever layers say, an engine's answer comes or a {@link DigestError}. */
export const onlyDigestErrors: LayersProperty = fc.property(someLayers('odd', 4), (layers) => {
  for (const semantics of [undefined, ...SEMANTICS]) {
    try {
      assert.ok(digestLayers(layers, semantics).sequential.size <= SEMANTICS.length);
    } catch (error) {
      assert.ok(error instanceof DigestError, String(error));
    }
  }
});

/** Layers that are unpacked once for all engines are what each engine alone makes of them. */
export const sharedAsAlone: LayersProperty = fc.property(someLayers('odd', 4), (layers) => {
  for (const [semantics, shared] of unpackAsOverlays(layers)) {
    assert.equal(answer(shared), answer(unpackAsOverlay(layers, semantics)), semantics);
  }
});

/** An image squashed to one layer is the same image. */
export const squashed: LayersProperty = fc.property(someLayers('plain', 4), (layers) => {
  const found = portable(layers);
  // A default ACL that was set later has no part in what was created before it.
  if (found === undefined || found.entries.some(hasAcl)) return;
  const one = layerOf(...found.entries.map(toLayerEntry));
  assert.equal(digestLayers([one]).digest, found.digest);
});

/** What lies in different directories of the root can come in any order, where no link leads from one to another. */
export const reordered: LayersProperty = fc.property(someLayers('plain', 3), (layers) => {
  const unlinked = layers.map(({ entries }) => layerOf(...entries.filter(isOfOneDirectory)));
  const turned = unlinked.map(({ entries }) => layerOf(...turn(entries)));
  for (const semantics of SEMANTICS) {
    assert.equal(
      answer(unpackAsOverlay(turned, semantics)),
      answer(unpackAsOverlay(unlinked, semantics)),
      semantics,
    );
  }
});

/** No link, and no marker of the root. */
const isOfOneDirectory = ({ typeFlag, name }: LayerEntry): boolean =>
  typeFlag !== TypeFlag.link && typeFlag !== TypeFlag.hardLink && !name.startsWith('.wh..wh.');

/** The last name of the root first, the entries of each as they were. */
function turn(entries: readonly LayerEntry[]): LayerEntry[] {
  const groups = Map.groupBy(entries, ({ name }) => name.replace(/^\.wh\./, '').split('/')[0]);
  return [...groups.values()].toReversed().flat();
}

/** Unpacked by the kernel and merged by it, layers show what we say podman shows, or are refused by both. */
export const asTheKernel: LayersProperty = fc.property(someLayers('plain', 3), (layers) => {
  for (const content of CONTENTS) remember(file('f', content).sha256, content);
  assert.equal(answer(unpackAsOverlay(layers, 'podman')), mounted(layers));
});

function portable(layers: readonly Layer[]): LayeredRootfs | undefined {
  try {
    return digestLayers(layers);
  } catch {
    return undefined;
  }
}

const hasAcl = ({ xattrs }: Entry): boolean => xattrs.some(({ name }) => name.includes('acl'));

function toLayerEntry(entry: Entry): LayerEntry {
  const common = { ...file(entry.path), uid: entry.uid, gid: entry.gid, xattrs: entry.xattrs };
  switch (entry.kind) {
    case 'file':
      return { ...common, mode: entry.mode, size: entry.size, sha256: entry.sha256 };
    case 'link':
      return { ...common, typeFlag: TypeFlag.link, linkName: entry.target };
    case 'dir':
      return { ...common, typeFlag: TypeFlag.dir, mode: entry.mode };
    case 'fifo':
      return { ...common, typeFlag: TypeFlag.fifo, mode: entry.mode };
    case 'char':
    case 'block':
      return { ...common, ...entry, typeFlag: TypeFlag[entry.kind] };
  }
}

function mounted(layers: readonly Layer[]): string {
  using scratch = scratchDirectory();
  const { path } = scratch;
  // The kernel mounts two layers or more.
  const directories = [...layers, layerOf()].map((_, index) => `${path}/${index}`);
  for (const directory of [...directories, `${path}/merged`]) mkdirSync(directory);
  try {
    for (const [index, layer] of layers.entries()) unpackInChroot(`${path}/${index}`, layer);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return 'refused';
  }
  const data = `lowerdir=${directories.toReversed().join(':')}`;
  scratch.mount(`${path}/merged`, { type: 'overlay', flags: MS_RDONLY, data });
  return digestDirectory(`${path}/merged`).listing;
}
