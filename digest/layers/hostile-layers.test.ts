import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { DigestError, type DigestErrorCode } from '#digest/errors';
import { directory, file, hardLink, layerOf, link } from './layer.fixture.ts';
import type { Layer, LayerEntry } from './layer.ts';
import { digestLayers } from './layered-rootfs.ts';

const codeOf = (layers: readonly Layer[]): DigestErrorCode | undefined => {
  try {
    digestLayers(layers, 'containerd');
    return undefined;
  } catch (error) {
    assert.ok(error instanceof DigestError, String(error));
    return error.code;
  }
};

const entry = file('f');
const linkOfF = hardLink('l', 'f');

const repeat = <T>(count: number, make: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

describe('layers made to cost much', () => {
  test('are at most 500', () => {
    const layer = layerOf(file('f'));
    assert.equal(codeOf(repeat(500, () => layer)), undefined);
    assert.equal(codeOf(repeat(501, () => layer)), 'too-large');
    assert.equal(codeOf(repeat(10_000, () => layer)), 'too-large');
  });

  test('have at most a million entries together', () => {
    const half = { ...layerOf(), entries: repeat(500_001, () => entry) };
    assert.equal(codeOf([half, half]), 'too-large');
  });

  test('imply at most a million directories', () => {
    const deep = (i: number): LayerEntry => ({ ...entry, name: `${i}${'/d'.repeat(2000)}/f` });
    assert.equal(codeOf([layerOf(...repeat(501, deep))]), 'too-large');
  });

  test('cannot grow a tree without bounds by links', () => {
    // Each link doubles how deep the next one leads.
    const name = 'd'.repeat(200);
    const entries: LayerEntry[] = [directory(name)];
    let path = name;
    for (let i = 0; i < 18; i++) {
      path += `/${name}`;
      entries.push(directory(path));
    }
    entries.push(link('l0', path));
    for (let i = 1; i < 3000; i++) {
      entries.push({ ...entry, name: `l${i - 1}/${path}/f` }, link(`l${i}`, `l${i - 1}/${path}`));
    }
    assert.equal(codeOf([layerOf(...entries)]), 'layer');
  });

  test('cannot spend time on links that lead to links', () => {
    // 250 links of 2000 components each, looked up for every entry.
    const target = (i: number): string => `${'d/../'.repeat(800)}l${i + 1}`;
    const links = repeat(250, (i) => link(`l${i}`, target(i)));
    const entries = [directory('d'), ...links, directory('l250')];
    // Two parents in turn: the last one is known.
    const files = repeat(10_000, (i) => ({ ...entry, name: `l${i % 2}/${i}` }));
    const start = performance.now();
    assert.equal(codeOf([{ ...layerOf(), entries: [...entries, ...files] }]), 'too-large');
    assert.ok(performance.now() - start < 30_000);
  });

  test('cannot spend time on long paths behind links to what is missing', () => {
    // Few of the names are looked up, but the path is put together anew for each.
    const entries = repeat(400, (i) => [
      link(`l${i}`, `m${i}`),
      { ...entry, name: `l${i}${'/a'.repeat(2030)}/f` },
    ]);
    assert.throws(() => digestLayers([layerOf(...entries.flat())], 'containerd'), {
      code: 'too-large',
      message: /looking up at most/,
    });
    assert.equal(codeOf([layerOf(...entries.slice(0, 20).flat())]), undefined);
  });

  test('cannot spend time on emptying a directory again and again', () => {
    const files = repeat(20_000, (i) => ({ ...entry, name: `f${i}` }));
    const markers = repeat(20_000, () => ({ ...entry, name: '.wh..wh..opq' }));
    const image = digestLayers([{ ...layerOf(), entries: [...files, ...markers] }], 'containerd');
    assert.equal(image.entries.length, 20_000);
    assert.deepEqual([...image.sequential.keys()], ['docker', 'podman']);
    assert.match(JSON.stringify([...image.sequential]), /looking up at most/);
  });

  test('may be as deep as a path is long', () => {
    const path = 'd/'.repeat(2046) + 'f';
    assert.equal(codeOf([layerOf({ ...entry, name: path })]), undefined);
    assert.equal(codeOf([layerOf({ ...entry, name: `d/d/${path}` })]), 'layer');
  });

  test('hold many whiteouts and links of one file', () => {
    const base = layerOf(file('f'), ...repeat(50_000, (i) => ({ ...linkOfF, name: `l${i}` })));
    const above = layerOf(...repeat(50_000, (i) => ({ ...entry, name: `.wh.l${i}` })));
    assert.equal(digestLayers([base, above]).entries.length, 1);
  });
});

describe('paths made to lead out', () => {
  test('stay in the root', () => {
    const image = [
      layerOf(
        link('out', '/../../..'),
        file('/../../etc/x', '1'),
        file('out/../tmp/y', '2'),
        file('a/../../../z', '3'),
      ),
    ];
    for (const semantics of ['containerd', 'podman'] as const) {
      const paths = digestLayers(image, semantics).entries.map(({ path }) => path);
      assert.deepEqual(paths, ['etc', 'etc/x', 'out', 'tmp', 'tmp/y', 'z'], semantics);
    }
  });

  test('lead elsewhere in the text than in the tree, where `..` is behind a link', () => {
    const image = [
      layerOf(
        directory('p'),
        directory('x'),
        directory('x/y'),
        link('p/a', '../x/y'),
        link('p/b', 'a/..'),
        file('p/b/f'),
      ),
    ];
    const paths = (semantics: 'containerd' | 'docker' | 'podman'): string =>
      digestLayers(image, semantics)
        .entries.map(({ path }) => path)
        .filter((path) => path.endsWith('f'))
        .join();
    // p/b is p/a/.., which is p by the text and x in the tree.
    assert.deepEqual(
      [paths('containerd'), paths('docker'), paths('podman')],
      ['p/f', 'x/f', 'x/f'],
    );
    assert.throws(() => digestLayers(image), { code: 'ambiguous' });
  });
});
