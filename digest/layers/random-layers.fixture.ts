import fc from 'fast-check';
import {
  characterDevice,
  directory,
  entryOf,
  file,
  hardLink,
  layerOf,
  link,
} from './layer.fixture.ts';
import { type Layer, type LayerEntry, TypeFlag } from './layer.ts';

// Few names, so that entries meet; ids and modes of which each does something of its own.

const name = fc.constantFrom('a', 'b', 'c', 'd');
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'));
const id = fc.constantFrom(0, 0, 0, 7, 0xffffffff);
const mode = fc.constantFrom(0o644, 0o755, 0o700, 0o4755, 0o2755, 0o1777, 0);
const target = fc.oneof(
  path,
  fc.constantFrom('..', '.', '../a', '../../b', '/a', '/b/c', 'a/../b', '/'),
);

const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

function acl(named: boolean, permissions: number): Buffer {
  const tags = named ? [1, 2, 4, 0x10, 0x20] : [1, 4, 0x20];
  const value = Buffer.alloc(4 + tags.length * 8, 0xff);
  value.writeUInt32LE(2);
  for (const [i, tag] of tags.entries()) {
    value.writeUInt16LE(tag, 4 + i * 8);
    value.writeUInt16LE((permissions >> i) & 7, 6 + i * 8);
    if (tag === 2) value.writeUInt32LE(5, 8 + i * 8);
  }
  return value;
}

const aclValue = fc.tuple(fc.boolean(), fc.nat(127)).map(([named, bits]) => acl(named, bits));
const harmlessXattr = fc.oneof(
  fc.constant({ name: 'security.capability', value: capability }),
  fc.record({ name: fc.constant('system.posix_acl_access'), value: aclValue }),
  fc.record({ name: fc.constant('system.posix_acl_default'), value: aclValue }),
  fc.constantFrom(
    { name: 'user.x', value: Buffer.from('x') },
    { name: 'security.capability', value: Buffer.from('x') },
    { name: 'system.unknown', value: Buffer.from('x') },
  ),
);
const attack = fc.constantFrom(
  { name: 'trusted.overlay.opaque', value: Buffer.from('y') },
  { name: 'trusted.x', value: Buffer.from('x') },
);

/** `plain`: what Linux alone decides; `odd`: also what engines see differently, or not at all. */
export type Strangeness = 'plain' | 'odd';

function more(strangeness: Strangeness): fc.Arbitrary<Partial<LayerEntry>> {
  const xattr =
    strangeness === 'odd'
      ? fc.oneof({ weight: 9, arbitrary: harmlessXattr }, attack)
      : harmlessXattr;
  const none = fc.constant<LayerEntry['xattrs']>([]);
  const some = xattr.map((one) => [one]);
  return fc.record({
    uid: id,
    gid: id,
    mode,
    xattrs: fc.oneof({ weight: 5, arbitrary: none }, some),
  });
}

function entry(strangeness: Strangeness): fc.Arbitrary<LayerEntry> {
  const attributes = more(strangeness);
  const at =
    strangeness === 'plain'
      ? path
      : fc.tuple(decoration, path, ending).map((parts) => parts.join(''));
  const kinds: fc.Arbitrary<LayerEntry>[] = [
    fc
      .tuple(at, fc.constantFrom('', 'x', 'y'), attributes)
      .map(([to, content, as]) => file(to, content, as)),
    fc.tuple(at, attributes).map(([to, as]) => directory(to, as.mode, as)),
    fc.tuple(at, attributes).map(([to, as]) => directory(to, as.mode, as)),
    fc.tuple(at, target, attributes).map(([to, linked, as]) => link(to, linked, as)),
    fc.tuple(at, path, attributes).map(([to, linked, as]) => hardLink(to, linked, as)),
    fc.tuple(at, attributes).map(([to, as]) => ({ ...characterDevice(to, 1, 3), ...as })),
    fc.tuple(at, attributes).map(([to, as]) => ({ ...characterDevice(to, 0, 0), ...as })),
    fc.tuple(at, attributes).map(([to, as]) => entryOf(TypeFlag.fifo, to, as)),
    at.map((to) => file(to.replace(/([a-d])\/*$/, '.wh.$1'))),
    at.map((to) => file(to.replace(/([a-d])\/*$/, '.wh..wh..opq'))),
  ];
  if (strangeness === 'odd') {
    kinds.push(
      at.map((to) => entryOf(TypeFlag.global, to)),
      fc
        .constantFrom('.wh.', '.wh..', 'a/.wh...', '.wh.a/b', '.wh..wh.plnk/a', '/', '.', '..')
        .map((to) => file(to)),
      fc.tuple(at, target).map(([to, linked]) => hardLink(to, linked)),
    );
  }
  return fc.oneof(...kinds);
}

const decoration = fc.constantFrom('', '', '', './', '/', '../', 'a/../');
const ending = fc.constantFrom('', '', '', '/', '/.');

/** @param maxLayers the lowest one first */
export function randomLayers(strangeness: Strangeness, maxLayers = 3): fc.Arbitrary<Layer[]> {
  const layer = fc
    .array(entry(strangeness), { maxLength: 8 })
    .map((entries) => layerOf(...entries));
  return fc.array(layer, { minLength: 1, maxLength: maxLayers });
}
