import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import { describe, test } from 'node:test';

import { anchorLayers, openLayerDirectories } from './lower-directories.ts';
import { parseOverlayOptions } from './overlay-options.ts';
import { digestOf, runIn, Scratch } from './scratch-overlay.fixture.ts';

const refused = { name: 'HookError', code: 'rootfs' };

describe('anchorLayers', () => {
  test('relative lower directories are anchored two above the upper directory', () => {
    const found = anchorLayers({
      lowers: ['l/A', '/b', '5/fs'],
      dataLowers: ['d'],
      upper: '/home/7/fs',
    });
    assert.deepEqual(found.lowers, ['/home/7/fs/../../l/A', '/b', '/home/7/fs/../../5/fs']);
    assert.deepEqual(found.dataLowers, ['/home/7/fs/../../d']);
  });

  for (const upper of [undefined, '7/fs'])
    test(`relative lower directories cannot be anchored to ${upper}`, () => {
      assert.throws(() => anchorLayers({ lowers: ['5/fs'], dataLowers: [], upper }), refused);
    });
});

describe('openLayerDirectories', () => {
  const open = (options: string) => openLayerDirectories(parseOverlayOptions(options));

  test('a missing lower directory leaves the image unknown', () => {
    using scratch = new Scratch();
    const [lower, upper] = [scratch.directory('a'), scratch.directory('u')];
    using layers = open(`lowerdir=${lower}:${lower}2,upperdir=${upper}`);
    assert.equal(layers.image, undefined);
    assert.ok(layers.upper);
  });

  test('a missing or relative upper directory is refused', () => {
    using scratch = new Scratch();
    const lower = scratch.directory('a');
    assert.throws(() => open(`lowerdir=${lower},upperdir=${scratch.at('u')}`), refused);
    assert.throws(() => open(`lowerdir=${lower},upperdir=u`), refused);
  });

  test('more layers than overlayfs allows are refused', () => {
    assert.throws(() => open(`lowerdir=${Array(501).fill('/a').join(':')}`), refused);
  });
});

describe('measureRootfs', () => {
  const layout = (scratch: Scratch) => {
    scratch.tree('home/1/fs', { base: 'x' });
    scratch.tree('home/2/fs', { top: 'y' });
    for (const name of ['home/3/fs', 'home/3/work', 'merged']) scratch.directory(name);
  };
  const mountFrom = (scratch: Scratch, options: string) => {
    runIn(
      scratch.at('home'),
      'mount',
      '-t',
      'overlay',
      'overlay',
      '-o',
      options,
      scratch.at('merged'),
    );
    return scratch.at('merged');
  };

  test('relative lower directories under an absolute upper directory are found', () => {
    using scratch = new Scratch();
    layout(scratch);
    const rest = `upperdir=${scratch.at('home/3/fs')},workdir=${scratch.at('home/3/work')}`;
    const merged = mountFrom(scratch, `lowerdir=2/fs:1/fs,${rest}`);
    const found = scratch.measure(merged);
    assert.deepEqual([found.view, found.rootfs], ['overlay', digestOf(merged)]);
  });

  test('a mount that is relative throughout is denied', () => {
    using scratch = new Scratch();
    layout(scratch);
    const merged = mountFrom(scratch, 'lowerdir=2/fs:1/fs,upperdir=3/fs,workdir=3/work');
    assert.throws(() => scratch.measure(merged), refused);
  });

  test('lower directories that anybody could have put there are denied', () => {
    using scratch = new Scratch();
    layout(scratch);
    const [lowers, rest] = [
      `${scratch.at('home/2/fs')}:${scratch.at('home/1/fs')}`,
      'upperdir=3/fs,workdir=3/work',
    ];
    const merged = mountFrom(
      scratch,
      `lowerdir=${lowers},${rest.replaceAll('3/', `${scratch.at('home/3')}/`)}`,
    );
    assert.equal(scratch.measure(merged).view, 'overlay');
    chmodSync(scratch.at('home'), 0o1777);
    assert.throws(() => scratch.measure(merged), refused);
  });
});
