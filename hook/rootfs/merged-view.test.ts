import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const image = { 'usr/bin/sh': 'sh', 'etc/passwd': 'x', 'data/': undefined };

describe('the merged view', () => {
  test('is of a plain directory as it stands', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    assert.deepEqual(scratch.measure(rootfs), {
      rootfs: digestOf(rootfs),
      view: 'merged',
      writable: [],
      pruned: [],
      sockets: 0,
    });
  });

  test('leaves out mount points that are empty, and directories that this leaves empty', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    const before = digestOf(rootfs);
    for (const path of ['proc', 'a/b/c', 'a/b/d', 'run/secrets'])
      mkdirSync(`${rootfs}/${path}`, { recursive: true });
    writeFileSync(`${rootfs}/etc/hosts`, '');
    const mountDestinations = ['/proc', '/a/b/c', '/a/b/d', '/run/secrets', '/etc/hosts'];
    const found = scratch.measure(rootfs, { mountDestinations });
    assert.equal(found.rootfs, before);
    assert.deepEqual(found.pruned, [
      './a',
      './a/b',
      './a/b/c',
      './a/b/d',
      './etc/hosts',
      './proc',
      './run',
      './run/secrets',
    ]);
  });

  test('keeps a mount point that has content, and what is empty without being one', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', {
      ...image,
      'a/b/': undefined,
      'a/empty': '',
      'c/d/': undefined,
    });
    const mountDestinations = [
      '/etc/passwd',
      '/usr',
      '/a',
      '/missing/x',
      '/c/missing',
      '/c/d/missing',
    ];
    assert.deepEqual(scratch.measure(rootfs, { mountDestinations }).pruned, []);
    assert.equal(scratch.measure(rootfs, { mountDestinations }).rootfs, digestOf(rootfs));
  });

  test('keeps links, devices and fifos at mount points', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    symlinkSync('nowhere', `${rootfs}/link`);
    run('mknod', `${rootfs}/null`, 'c', '1', '3');
    run('mkfifo', `${rootfs}/fifo`);
    const mountDestinations = ['/link', '/null', '/fifo'];
    assert.deepEqual(scratch.measure(rootfs, { mountDestinations }).pruned, []);
  });

  test('finds mount points behind links inside the root', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', { ...image, 'run/lock/': undefined, 'var/': undefined });
    symlinkSync('/run', `${rootfs}/var/run`);
    assert.deepEqual(scratch.measure(rootfs, { mountDestinations: ['/var/run/lock'] }).pruned, [
      './run',
      './run/lock',
    ]);
  });

  test('names odd paths as a listing does', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', { ...image, 'a b\n#/': undefined });
    assert.deepEqual(scratch.measure(rootfs, { mountDestinations: ['/a b\n#'] }).pruned, [
      './a\\040b\\012\\043',
    ]);
  });

  test('leaves out what podman and Docker make and mount nothing on, where it is empty', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', { ...image, '.dockerenv': '', 'dev/console': '' });
    mkdirSync(`${rootfs}/srv/work`, { recursive: true });
    symlinkSync('/proc/mounts', `${rootfs}/etc/mtab`);
    assert.deepEqual(scratch.measure(rootfs, { cwd: '/srv/work' }).pruned, [
      './.dockerenv',
      './dev',
      './dev/console',
      './etc/mtab',
      './srv',
      './srv/work',
    ]);
    writeFileSync(`${rootfs}/.dockerenv`, 'x');
    writeFileSync(`${rootfs}/dev/console`, 'x');
    writeFileSync(`${rootfs}/srv/work/x`, '');
    rmSync(`${rootfs}/etc/mtab`);
    symlinkSync('/proc/self/mounts', `${rootfs}/etc/mtab`);
    assert.deepEqual(scratch.measure(rootfs, { cwd: '/srv/work' }).pruned, []);
  });

  test('undoes the user namespace’s mapping', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    const before = digestOf(rootfs);
    run('chown', '-R', '100000:200000', rootfs);
    const idMappings = {
      uids: [{ containerID: 0, hostID: 100000, size: 65536 }],
      gids: [{ containerID: 0, hostID: 200000, size: 65536 }],
    };
    assert.equal(scratch.measure(rootfs, { idMappings }).rootfs, before);
    run('chown', '70000', `${rootfs}/usr`);
    assert.throws(() => scratch.measure(rootfs, { idMappings }), {
      name: 'HookError',
      code: 'rootfs',
    });
  });

  test('is of what a bind mount shows', () => {
    using scratch = new Scratch();
    const source = scratch.tree('source', image);
    const rootfs = scratch.directory('rootfs');
    run('mount', '--bind', source, rootfs);
    const found = scratch.measure(rootfs);
    assert.deepEqual([found.view, found.rootfs], ['merged', digestOf(source)]);
  });

  test('is of a directory inside an overlay, whose layers hold more than that', () => {
    using scratch = new Scratch();
    const merged = scratch.overlay([scratch.tree('lower', { 'inside/f': 'x', outside: 'y' })]);
    const found = scratch.measure(`${merged}/inside`);
    assert.deepEqual([found.view, found.rootfs], ['merged', digestOf(`${merged}/inside`)]);
    const bound = scratch.directory('bound');
    run('mount', '--bind', `${merged}/inside`, bound);
    assert.deepEqual(
      [scratch.measure(bound).view, scratch.measure(bound).rootfs],
      ['merged', found.rootfs],
    );
  });

  test('counts sockets', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    const before = digestOf(rootfs);
    // Killed before it can unlink its socket.
    const listen = `require('net').createServer().listen(process.argv[1], () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ['-e', listen, `${rootfs}/socket`], { timeout: 10_000 });
    const found = scratch.measure(rootfs);
    assert.deepEqual([found.sockets, found.rootfs], [1, before]);
  });
});
