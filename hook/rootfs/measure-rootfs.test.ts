import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { digestOf, run, Scratch } from './scratch-overlay.ts';

describe('measureRootfs', () => {
  test('an overlay is measured as its lower directories, merged as the kernel merges them', () => {
    using scratch = new Scratch();
    const base = scratch.tree('base', { 'etc/hosts': 'a', 'usr/bin/sh': 'GOOD', 'var/gone': 'x' });
    const top = scratch.tree('top', { 'usr/bin/ls': 'ls' });
    run('mknod', `${scratch.directory('top', 'var')}/gone`, 'c', '0', '0');
    const merged = scratch.overlay([top, base]);
    const flat = scratch.at('flat');
    run('cp', '-a', merged, flat);
    const found = scratch.measure(merged);
    assert.deepEqual(found, {
      rootfs: digestOf(flat),
      view: 'overlay',
      writable: ['pristine'],
      pruned: [],
      sockets: 0,
    });
    assert.equal(found.rootfs, digestOf(merged));
  });
});
