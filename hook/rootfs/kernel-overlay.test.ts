import assert from 'node:assert/strict';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { readNames } from '#digest/lookup';
import { openTreeRoot, type TreeRoot } from '#digest/tree-root';
import { mountByNumber, mountKernelOverlay } from './kernel-overlay.ts';
import { readMountinfo } from './mountinfo.ts';
import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const refused = { name: 'HookError', code: 'rootfs' };

/** A layer whose directory `bin` is `evil` of the layer below: made by renaming under a real overlay. */
function redirectedLayer(scratch: Scratch): { top: string; base: string } {
  const base = scratch.tree('base', { 'evil/sh': 'EVIL', 'good/sh': 'GOOD' });
  const merged = scratch.overlay([base], ['redirect_dir=on']);
  renameSync(`${merged}/evil`, `${merged}/bin`);
  run('umount', merged);
  renameSync(scratch.at('upper'), scratch.at('redirected'));
  writeFileSync(scratch.at('redirected', 'bin', 'plain'), 'plain');
  return { top: scratch.at('redirected'), base };
}

/** A layer whose file has its owner's change and no content of its own: made by chmod under a real overlay. */
function metacopyLayer(scratch: Scratch): { top: string; base: string } {
  const base = scratch.tree('base', { sh: 'EVIL' });
  const merged = scratch.overlay([base], ['metacopy=on']);
  run('chmod', '4755', `${merged}/sh`);
  run('umount', merged);
  renameSync(scratch.at('upper'), scratch.at('metacopy'));
  return { top: scratch.at('metacopy'), base };
}

describe('mountKernelOverlay', () => {
  const roots = (scratch: Scratch, count: number): TreeRoot[] =>
    Array.from({ length: count }, (_, i) => openTreeRoot(scratch.tree(`l${i}`, { [`f${i}`]: '' })));

  for (const mount of [mountKernelOverlay, mountByNumber])
    test(`${mount.name} shows the merged layers and mounts them nowhere`, () => {
      using scratch = new Scratch();
      const all = roots(scratch, 4);
      const [lowers, dataLowers] = [all.slice(0, 3), all.slice(3)];
      const before = process.cwd();
      using spare = openTreeRoot(scratch.at('empty'));
      const options = new Map([['metacopy', 'on']] as const);
      const root = mount({ lowers, dataLowers }, options, spare);
      assert.deepEqual(readNames(root, ''), ['f0', 'f1', 'f2']);
      assert.ok(
        !readMountinfo().some(({ superOptions }) => superOptions.includes('/proc/self/fd')),
      );
      assert.equal(process.cwd(), before);
      root[Symbol.dispose]();
      for (const lower of all) lower[Symbol.dispose]();
      // Nothing keeps the layers busy: an overlay with an upper directory among them can be mounted again.
      run('umount', scratch.overlay([scratch.at('l0')]));
    });

  test('one lower directory alone can be read', () => {
    using scratch = new Scratch();
    using lower = openTreeRoot(scratch.tree('l', { f: '' }));
    using spare = openTreeRoot(scratch.at('empty'));
    using root = mountKernelOverlay({ lowers: [lower], dataLowers: [] }, new Map(), spare);
    assert.deepEqual(readNames(root, ''), ['f']);
  });

  test('a hundred lower directories can be read', () => {
    using scratch = new Scratch();
    const lowers = roots(scratch, 100);
    using spare = openTreeRoot(scratch.at('empty'));
    using root = mountKernelOverlay({ lowers, dataLowers: [] }, new Map(), spare);
    assert.equal(readNames(root, '').length, 100);
    for (const lower of lowers) lower[Symbol.dispose]();
  });

  test('more than an old kernel takes in one string is refused there', () => {
    using scratch = new Scratch();
    const lowers = roots(scratch, 100);
    assert.throws(() => mountByNumber({ lowers, dataLowers: [] }, new Map()), refused);
    for (const lower of lowers) lower[Symbol.dispose]();
  });

  test('what the kernel refuses is refused, with its reason', () => {
    using scratch = new Scratch();
    const lowers = roots(scratch, 2);
    using spare = openTreeRoot(scratch.at('empty'));
    const conflict = new Map([
      ['metacopy', 'on'],
      ['userxattr', ''],
    ] as const);
    assert.throws(() => mountKernelOverlay({ lowers, dataLowers: [] }, conflict, spare), refused);
    const unknown = new Map([['redirect_dir', 'sideways']] as const);
    assert.throws(() => mountKernelOverlay({ lowers, dataLowers: [] }, unknown, spare), {
      ...refused,
      message: /Bad value for 'redirect_dir'/,
    });
    for (const lower of lowers) lower[Symbol.dispose]();
  });
});

describe('measureRootfs', () => {
  const measuredAsShown = (scratch: Scratch, lowers: string[], options: string[], file: string) => {
    const merged = scratch.overlay(lowers, options);
    assert.match(readFileSync(`${merged}/${file}`, 'utf8'), /EVIL/);
    const flat = scratch.at('flat');
    run('cp', '-a', merged, flat);
    const found = scratch.measure(merged);
    assert.equal(found.view, 'overlay');
    assert.deepEqual(found.writable, ['pristine']);
    assert.equal(found.rootfs, digestOf(flat));
  };

  test('a renamed directory is read where the kernel reads it', () => {
    using scratch = new Scratch();
    const { top, base } = redirectedLayer(scratch);
    measuredAsShown(scratch, [top, base], [], 'bin/sh');
  });

  test('a file copied up without its content is read where the kernel reads it', () => {
    using scratch = new Scratch();
    const { top, base } = metacopyLayer(scratch);
    measuredAsShown(scratch, [top, base], ['metacopy=on'], 'sh');
  });

  test('an image that says by itself where a directory is read is not believed to be what lies there', () => {
    using scratch = new Scratch();
    const base = scratch.tree('base', { 'evil/sh': 'EVIL', 'bin/sh': 'GOOD' });
    const top = scratch.tree('top', { 'bin/other': '' });
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/evil', `${top}/bin`);
    assert.equal(readFileSync(`${base}/bin/sh`, 'utf8'), 'GOOD');
    measuredAsShown(scratch, [top, base], [], 'bin/sh');
  });

  test('a file whose content no layer has is denied', () => {
    using scratch = new Scratch();
    const { top } = metacopyLayer(scratch);
    const merged = scratch.overlay([top], ['metacopy=on']);
    assert.throws(() => scratch.measure(merged), refused);
  });

  test('whiteouts that are attributes are read as the kernel reads them', () => {
    using scratch = new Scratch();
    const base = scratch.tree('base', { 'd/GOOD': 'x', 'd/sh': 'EVIL' });
    const top = scratch.tree('top', { 'd/GOOD': '' });
    run('setfattr', '-n', 'trusted.overlay.opaque', '-v', 'x', `${top}/d`);
    run('setfattr', '-n', 'trusted.overlay.whiteout', '-v', 'y', `${top}/d/GOOD`);
    measuredAsShown(scratch, [top, base], [], 'd/sh');
  });

  test('file contents in data-only directories are read by the kernel', () => {
    using scratch = new Scratch();
    const { top, base } = metacopyLayer(scratch);
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/sh', `${top}/sh`);
    const other = scratch.tree('other', { other: 'x' });
    const merged = scratch.at('merged');
    for (const name of ['upper', 'work']) scratch.directory(name);
    const layers = `lowerdir=${top}:${other}::${base},upperdir=${scratch.at('upper')},workdir=${scratch.at('work')}`;
    run('mount', '-t', 'overlay', 'overlay', '-o', `${layers},metacopy=on`, merged);
    assert.equal(readFileSync(`${merged}/sh`, 'utf8'), 'EVIL');
    run('cp', '-a', merged, scratch.at('flat'));
    assert.equal(scratch.measure(merged).rootfs, digestOf(scratch.at('flat')));
  });

  test('a redirect that the mount does not follow is denied', () => {
    using scratch = new Scratch();
    const { top, base } = redirectedLayer(scratch);
    const merged = scratch.overlay([top, base], ['redirect_dir=nofollow']);
    assert.throws(() => scratch.measure(merged), refused);
  });
});
