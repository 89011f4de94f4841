import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { lookupEntry } from '#digest/lookup';
import { openTreeRoot } from '#digest/tree-root';
import { mountIdMapped, shifted } from './scratch-idmap.fixture.ts';
import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';
import { entriesOfUpper } from './through-mount.ts';

const image = { 'usr/bin/sh': 'sh', 'etc/passwd': 'x', 'data/kept': 'kept' };

/** A container whose lower directory went away after it was mounted. */
function orphaned(scratch: Scratch, options: string[] = []) {
  const lower = scratch.tree('lower', image);
  const merged = scratch.overlay([lower], options);
  renameSync(lower, scratch.at('elsewhere'));
  return { merged, digest: digestOf(scratch.at('elsewhere')) };
}

describe('an image whose lower directories are gone', () => {
  test('is the mounted tree where the upper directory is empty', () => {
    using scratch = new Scratch();
    const { merged, digest } = orphaned(scratch);
    const found = scratch.measure(merged);
    assert.deepEqual(found, {
      rootfs: digest,
      view: 'overlay',
      writable: ['pristine'],
      pruned: [],
      sockets: 0,
    });
  });

  for (const options of [[], ['index=on'], ['metacopy=on']])
    test(`is the mounted tree without what the runtime made (${options.join() || 'defaults'})`, () => {
      using scratch = new Scratch();
      const { merged, digest } = orphaned(scratch, options);
      for (const path of ['proc', 'mnt/a/b', 'data/vol'])
        mkdirSync(`${merged}/${path}`, { recursive: true });
      writeFileSync(`${merged}/etc/hosts`, '');
      symlinkSync('/proc/mounts', `${merged}/etc/mtab`);
      const mountDestinations = ['/proc', '/mnt/a/b', '/data/vol', '/etc/hosts', '/etc/passwd'];
      const found = scratch.measure(merged, { mountDestinations });
      assert.deepEqual(
        [found.view, found.rootfs, found.writable],
        ['overlay', digest, ['pristine']],
      );
    });

  const changes: Record<string, (merged: string) => void> = {
    'a planted file': (merged) => writeFileSync(`${merged}/mnt`, 'x'),
    'a deleted file': (merged) => rmSync(`${merged}/data/kept`),
    'a changed file': (merged) => writeFileSync(`${merged}/etc/passwd`, ''),
    'a replaced directory': (merged) => {
      rmSync(`${merged}/data`, { recursive: true });
      mkdirSync(`${merged}/data`);
      writeFileSync(`${merged}/data/kept`, 'other');
    },
    'a directory that was replaced by one anybody may write to': (merged) => {
      rmSync(`${merged}/data`, { recursive: true });
      mkdirSync(`${merged}/data`);
      chmodSync(`${merged}/data`, 0o777);
    },
    'everybody was let write into the root': (merged) => chmodSync(merged, 0o777),
    'podman’s line, whose first part nobody can compare': (merged) =>
      writeFileSync(`${merged}/etc/passwd`, '1001:*:1001:1001:container user:/:/bin/sh\n', {
        flag: 'a',
      }),
  };
  for (const [title, change] of Object.entries(changes))
    test(`is told by the merged view alone after ${title}`, () => {
      using scratch = new Scratch();
      const { merged } = orphaned(scratch);
      change(merged);
      const mountDestinations = ['/mnt', '/data', '/data/kept', '/etc/passwd'];
      const found = scratch.measure(merged, { mountDestinations, user: { uid: 1001, gid: 1001 } });
      assert.deepEqual([found.view, found.writable], ['merged', []]);
    });

  test('shows the mode that a directory of it was given', () => {
    using scratch = new Scratch();
    const { merged, digest } = orphaned(scratch);
    chmodSync(`${merged}/etc`, 0o777);
    const found = scratch.measure(merged, { mountDestinations: ['/etc/hosts'] });
    assert.notEqual(found.rootfs, digest);
    assert.equal(found.rootfs, digestOf(merged));
  });

  test('does not hide what is in a directory that an upper directory has without any mark', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', image);
    scratch.directory('upper', 'data');
    const merged = scratch.overlay([lower]);
    renameSync(lower, scratch.at('elsewhere'));
    const found = scratch.measure(merged, { mountDestinations: ['/data/vol', '/data'] });
    assert.equal(found.rootfs, digestOf(merged));
  });

  test('keeps a directory in which the mount shows more than the upper directory', () => {
    using scratch = new Scratch();
    using layer = openTreeRoot(
      scratch.tree('layer', { 'data/vol/': undefined, 'mnt/': undefined }),
    );
    using mounted = openTreeRoot(
      scratch.tree('mounted', { 'data/vol/': undefined, 'data/kept': '', 'mnt/': undefined }),
    );
    const lookup = (path: string) => lookupEntry([layer], path, {});
    const mountPoints = { points: new Set(['data/vol', 'mnt']), parents: new Set(['data']) };
    const workDirectory = { points: new Set<string>(), parents: new Set<string>() };
    const choice = { user: { uid: 0, gid: 0 }, cwd: '/', mountDestinations: [] };
    const trees = { layer, lookup, lookupOnHost: lookup, readEntry: () => new Uint8Array() };
    const own = entriesOfUpper({ ...trees, mountPoints, workDirectory, choice }, mounted);
    assert.deepEqual(own, new Set(['data/vol', 'mnt']));
  });

  test('has the container’s ids where layers were id-mapped under names that are gone', async () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', image);
    run('chown', '1000:1000', `${lower}/data`);
    const digest = digestOf(lower);
    const temporary = scratch.directory('temporary');
    await mountIdMapped(lower, temporary);
    const merged = scratch.overlay([temporary]);
    run('umount', '-l', temporary);
    run('rmdir', temporary);
    mkdirSync(`${merged}/proc`);
    run('chown', '100000:100000', `${merged}/proc`);
    const found = scratch.measure(merged, { idMappings: shifted, mountDestinations: ['/proc'] });
    assert.deepEqual([found.view, found.rootfs, found.writable], ['overlay', digest, ['pristine']]);
  });

  test('is never read from a directory that somebody made under the old name in a shared place', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('shared/lower', image);
    chmodSync(scratch.at('shared'), 0o1777);
    const merged = scratch.overlay([lower]);
    renameSync(lower, scratch.at('elsewhere'));
    const digest = digestOf(scratch.at('elsewhere'));
    assert.equal(scratch.measure(merged).rootfs, digest);
    scratch.tree('shared/lower', { ...image, 'usr/bin/sh': 'GOOD' });
    assert.throws(() => scratch.measure(merged), { name: 'HookError', code: 'rootfs' });
  });
});
