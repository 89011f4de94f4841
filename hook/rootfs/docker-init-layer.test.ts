import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { shifted } from './scratch-idmap.fixture.ts';
import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const image = {
  'etc/hosts': 'the image’s own',
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'proc/': undefined,
  'usr/bin/sh': 'sh',
};

/** As dockerd makes it, over the mounted image (moby daemon/initlayer/setup_unix.go; its umask is 0). */
function makeInitLayer(merged: string): void {
  for (const path of ['dev/pts', 'dev/shm', 'proc', 'sys', 'etc'])
    mkdirSync(`${merged}/${path}`, { recursive: true });
  for (const path of [
    '.dockerenv',
    'etc/resolv.conf',
    'etc/hosts',
    'etc/hostname',
    'dev/console',
  ]) {
    rmSync(`${merged}/${path}`, { force: true });
    writeFileSync(`${merged}/${path}`, '');
    chmodSync(`${merged}/${path}`, 0o755);
  }
  rmSync(`${merged}/etc/mtab`, { force: true });
  symlinkSync('/proc/mounts', `${merged}/etc/mtab`);
}

/** Mounts a container over an init layer that `change` was made in. */
function dockerContainer(scratch: Scratch, change: (merged: string) => void = () => {}) {
  const lower = scratch.tree('image', image);
  const prepared = scratch.overlay([lower]);
  makeInitLayer(prepared);
  change(prepared);
  run('umount', prepared);
  run('mv', scratch.at('upper'), scratch.at('init'));
  return { lower, init: scratch.at('init'), merged: scratch.overlay([scratch.at('init'), lower]) };
}

describe('Docker’s init layer', () => {
  test('is told by its content and is no part of the image', () => {
    using scratch = new Scratch();
    const { lower, merged } = dockerContainer(scratch);
    const found = scratch.measure(merged, { mountDestinations: ['/etc/hosts', '/proc', '/dev'] });
    assert.deepEqual(found.writable, ['pristine', 'pristine']);
    assert.equal(found.rootfs, digestOf(lower));
  });

  test('is below the container’s own layer, which may have mount points and changes of its own', () => {
    using scratch = new Scratch();
    const { lower, merged } = dockerContainer(scratch);
    mkdirSync(`${merged}/data`);
    assert.deepEqual(scratch.measure(merged, { mountDestinations: ['/data'] }).writable, [
      'pristine',
      'pristine',
    ]);
    writeFileSync(`${merged}/etc/hosts`, 'planted');
    const found = scratch.measure(merged, { mountDestinations: ['/data', '/etc/hosts'] });
    assert.match(found.writable[0] ?? '', /^sha256:/);
    assert.equal(found.writable[1], 'pristine');
    assert.equal(found.rootfs, digestOf(lower));
  });

  test('is the mapped root’s where the daemon remaps users', () => {
    using scratch = new Scratch();
    const digest = digestOf(scratch.tree('image', image));
    run('chown', '-R', '100000:100000', scratch.at('image'));
    const { merged } = dockerContainer(scratch, (prepared) =>
      run('find', prepared, '-uid', '0', '-exec', 'chown', '-h', '100000:100000', '{}', '+'),
    );
    const found = scratch.measure(merged, { idMappings: shifted });
    assert.deepEqual([found.rootfs, found.writable], [digest, ['pristine', 'pristine']]);
  });

  test('may leave its link to the host’s root there, and none of its files', () => {
    using scratch = new Scratch();
    const digest = digestOf(scratch.tree('image', image));
    run('chown', '-R', '100000:100000', scratch.at('image'));
    const remap = (prepared: string) =>
      run(
        'find',
        prepared,
        '-uid',
        '0',
        '-not',
        '-name',
        'mtab',
        '-exec',
        'chown',
        '100000:100000',
        '{}',
        '+',
      );
    const { merged, init } = dockerContainer(scratch, remap);
    const question = { idMappings: shifted, mountDestinations: ['/etc/mtab', '/etc/hosts'] };
    const found = scratch.measure(merged, question);
    assert.deepEqual([found.rootfs, found.writable], [digest, ['pristine', 'pristine']]);
    rmSync(`${merged}/etc/mtab`);
    writeFileSync(`${merged}/etc/mtab`, 'x');
    chownSync(`${merged}/etc/mtab`, 100000, 100000);
    const [own, other] = scratch.measure(merged, question).writable;
    assert.match(own ?? '', /^sha256:/);
    assert.equal(other, 'pristine');
    chownSync(`${init}/etc/hostname`, 0, 0);
    assert.throws(() => scratch.measure(merged, question), { code: 'rootfs', message: /maps/ });
  });

  const changes: Record<string, (merged: string) => void> = {
    'a file of it has content': (merged) => writeFileSync(`${merged}/etc/hosts`, 'x'),
    'a file of it has another mode': (merged) => chmodSync(`${merged}/.dockerenv`, 0o644),
    'a file of it has another owner': (merged) => chownSync(`${merged}/.dockerenv`, 1, 0),
    'a file of it is missing': (merged) => rmSync(`${merged}/etc/hostname`),
    'the link to the mounts leads elsewhere': (merged) => {
      rmSync(`${merged}/etc/mtab`);
      symlinkSync('/etc/passwd', `${merged}/etc/mtab`);
    },
    'it has another file': (merged) => writeFileSync(`${merged}/etc/shadow`, ''),
    'it changes a directory of the image': (merged) => chmodSync(`${merged}/etc`, 0o777),
    'it deletes a file of the image': (merged) => rmSync(`${merged}/usr/bin/sh`),
    'it replaces a directory of the image': (merged) => {
      rmSync(`${merged}/proc`, { recursive: true });
      mkdirSync(`${merged}/proc`);
    },
    'a directory of it has another mode': (merged) => chmodSync(`${merged}/dev/shm`, 0o1777),
  };
  for (const [title, change] of Object.entries(changes))
    test(`is a layer of the image when ${title}`, () => {
      using scratch = new Scratch();
      const { lower, merged } = dockerContainer(scratch, change);
      const found = scratch.measure(merged);
      assert.deepEqual(found.writable, ['pristine']);
      assert.notEqual(found.rootfs, digestOf(lower));
      assert.equal(found.rootfs, digestOf(merged));
    });

  test('alone is the image: something has to be below it', () => {
    using scratch = new Scratch();
    const { init } = dockerContainer(scratch);
    run('umount', scratch.at('merged'));
    const merged = scratch.overlay([init]);
    const found = scratch.measure(merged);
    assert.deepEqual([found.writable, found.rootfs], [['pristine'], digestOf(merged)]);
  });

  test('is told above an image that only the kernel can merge', () => {
    using scratch = new Scratch();
    const { init, lower } = dockerContainer(scratch);
    run('umount', scratch.at('merged'));
    const top = scratch.tree('top', { 'bin/x': '' });
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/usr', `${top}/bin`);
    run('cp', '-a', scratch.overlay([top, lower]), scratch.at('flat'));
    run('umount', scratch.at('merged'));
    const found = scratch.measure(scratch.overlay([init, top, lower]));
    assert.deepEqual(found.writable, ['pristine', 'pristine']);
    assert.equal(found.rootfs, digestOf(scratch.at('flat')));
  });
});
