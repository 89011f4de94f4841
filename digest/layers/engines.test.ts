import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encodeEntry } from '#digest/listing';
import { SEMANTICS } from '#digest/semantics';
import { directory, entryOf, file, hardLink, layerOf, link } from './layer.fixture.ts';
import type { Layer, LayerEntry } from './layer.ts';
import { digestLayers } from './layered-rootfs.ts';
import { Refusal } from './refusal.ts';
import { unpackAsOverlay } from './unpack-image.ts';

// The rows of docs/applying-layers.md, §2, as far as the corpus has no image for them. What the engines do was seen: containerd 1.6,
// Docker 20.10 (not B, C, F, J: they have changed since) and podman 4.3 with such layers; the rest is read from their code.

/** What containerd, Docker and podman show, each in short: path and, if asked for, mode and owner. */
function shown(layers: readonly Layer[], pattern = /(?!)/): string[] {
  return SEMANTICS.map((semantics) => {
    const unpacked = unpackAsOverlay(layers, semantics);
    if (unpacked instanceof Refusal) return 'refused';
    return unpacked
      .map((entry) => [entry.path, ...(pattern.exec(encodeEntry(entry)) ?? [])].join(' '))
      .join(', ');
  });
}

const xattr = (name: string, value: Uint8Array = Buffer.from('x')): Partial<LayerEntry> => ({
  xattrs: [{ name, value }],
});
const capability = Buffer.from('0100000200040000000000000000000000000000', 'hex');

/** `l1` leads to `l2` and so on to the directory. */
function chain(length: number): LayerEntry[] {
  const links = Array.from({ length }, (_, i) =>
    link(`l${i + 1}`, i + 1 === length ? 'd' : `l${i + 2}`),
  );
  return [directory('d'), ...links, file('l1/f')];
}

describe('where engines differ', () => {
  test('A: an opaque marker of the lowest layer empties its directory for containerd', () => {
    const implied = [layerOf(file('d/e/f'), file('d/g'), file('d/.wh..wh..opq'))];
    // containerd did not note d/e, which no entry describes.
    assert.deepEqual(shown(implied), ['d, d/g', 'd, d/e, d/e/f, d/g', 'd, d/e, d/e/f, d/g']);
  });

  test('C: Docker follows 8 links, podman 40, containerd 255', () => {
    const found = (links: number): string =>
      shown([layerOf(...chain(links))])
        .map((answer) => (answer === 'refused' ? 'refused' : 'shown'))
        .join();
    assert.equal(found(8), 'shown,shown,shown');
    assert.equal(found(9), 'shown,refused,shown');
    assert.equal(found(40), 'shown,refused,shown');
    assert.equal(found(41), 'shown,refused,refused');
    assert.equal(found(255), 'shown,refused,refused');
    assert.equal(found(256), 'refused,refused,refused');
  });

  test('C: a link to what is missing is followed by containerd alone', () => {
    const image = [layerOf(link('a', 'b'), file('a/f'))];
    assert.deepEqual(shown(image), ['a, b, b/f', 'refused', 'refused']);
  });

  test('C: Docker follows a link to an absolute path if nothing has led out before', () => {
    const absolute = [layerOf(link('a', '/b/c'), directory('b/c'), file('a/f'))];
    assert.deepEqual(shown(absolute), Array(3).fill('a, b, b/c, b/c/f'));
    const out = [layerOf(link('a', '../x'), link('x', '/b'), directory('b'), file('a/f'))];
    assert.deepEqual(shown(out), ['a, b, b/f, x', 'refused', 'a, b, b/f, x']);
  });

  test('D: an implied directory has the group of a set-group-ID parent, or the bit', () => {
    const image = [layerOf(directory('d', 0o2755, { gid: 50 }), file('d/e/f'))];
    const answers = shown(image, /(?<=type=dir )mode.*/).map((answer) => answer.split(', ')[1]);
    assert.deepEqual(answers, [
      'd/e mode=0755 uid=0 gid=50',
      'd/e mode=0755 uid=0 gid=50',
      'd/e mode=2755 uid=0 gid=0',
    ]);
  });

  test('D: containerd looks for it in each lower layer alone, down to the first that has the path', () => {
    const image = [layerOf(directory('d', 0o700)), layerOf(directory('e')), layerOf(file('d/f'))];
    const modes = shown(image, /mode=\d+/).map((answer) => answer.split(', ')[0]);
    assert.deepEqual(modes, ['d mode=0700', 'd mode=0755', 'd mode=0755']);
    const hidden = [
      layerOf(directory('d/e', 0o700)),
      layerOf(file('.wh.d')),
      layerOf(file('d/e/f')),
    ];
    assert.deepEqual(shown(hidden), ['refused', 'd, d/e, d/e/f', 'd, d/e, d/e/f']);
  });

  test('E: a global header removes what has its name, but for Docker', () => {
    const image = [layerOf(file('p/g'), entryOf('g', 'p/g'))];
    assert.deepEqual(shown(image), ['p', 'p, p/g', 'p']);
  });

  test('F: podman refuses a file that is the root, unless it is called `.`', () => {
    assert.deepEqual(shown([layerOf(file('/'))]), ['', '', 'refused']);
    assert.deepEqual(shown([layerOf(file('./'))]), ['', '', '']);
  });

  test('G: a whiteout replaces a directory of its own name, but for containerd', () => {
    const image = [layerOf(), layerOf(file('.wh.d/f'), file('.wh.d'))];
    assert.deepEqual(shown(image), ['.wh.d, .wh.d/f', '', '']);
  });

  test('H: an opaque marker below a file is refused by containerd', () => {
    const image = [layerOf(), layerOf(file('f'), file('f/.wh..wh..opq'))];
    assert.deepEqual(shown(image), ['refused', 'f', 'f']);
  });

  test('J: the attributes of a link are its target’s for Docker', () => {
    const more = xattr('security.capability', capability);
    const image = [layerOf(file('f'), link('l', 'f', more))];
    assert.deepEqual(shown(image, /(?<=#xattr )[a-z.]+/), [
      'f, l security.capability',
      'f security.capability, l',
      'f, l security.capability',
    ]);
  });

  test('K: attributes of an unknown namespace are refused by Docker, of what is no file by podman', () => {
    assert.deepEqual(shown([layerOf(file('f', '', xattr('system.x')))]), ['f', 'refused', 'f']);
    assert.deepEqual(shown([layerOf(entryOf('6', 'p', xattr('user.x')))]), ['p', 'p', 'refused']);
    const selinux = xattr('security.selinux');
    assert.deepEqual(shown([layerOf(file('f', '', selinux))]), ['f', 'f', 'f']);
  });

  test('M: a device number of more than 32 bits is refused by Docker, of a fifo too', () => {
    for (const typeFlag of ['3', '4', '6']) {
      const image = [layerOf(entryOf(typeFlag, 'x', { minor: 5, isDeviceCut: true }))];
      assert.deepEqual(shown(image), ['x', 'refused', 'x'], typeFlag);
      assert.throws(() => digestLayers(image), { code: 'ambiguous' }, typeFlag);
    }
    assert.deepEqual(shown([layerOf(file('f', '', { isDeviceCut: true }))]), ['f', 'f', 'f']);
  });

  test('hard links are followed as paths are', () => {
    const image = [layerOf(directory('d'), file('d/f'), link('a', '/d'), hardLink('g', '/a/f'))];
    assert.deepEqual(shown(image), Array(3).fill('a, d, d/f, g'));
  });
});
