import assert from 'node:assert/strict';
import { mkdirSync, readlinkSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';

import { HookError } from '#hook/errors';
import { digestOf, run, runIn, Scratch } from './scratch-overlay.fixture.ts';

const refused = { name: 'HookError', code: 'rootfs' };
const image = { 'usr/bin/sh': 'sh', 'etc/passwd': 'x' };

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

  test('whatever happened to make a layer, it is read as the kernel shows it', () => {
    const names = fc.constantFrom(
      'a',
      'b',
      'usr',
      'usr/bin',
      'usr/bin/sh',
      'etc',
      'etc/passwd',
      'a/b',
    );
    const change = fc.record({
      kind: fc.constantFrom('write', 'mkdir', 'remove', 'move', 'link', 'mode'),
      from: names,
      to: names,
    });
    const options = fc.constantFrom<string[]>(
      [],
      ['redirect_dir=on'],
      ['redirect_dir=on', 'metacopy=on'],
      ['index=on'],
    );
    fc.assert(
      fc.property(
        fc.array(change, { minLength: 1, maxLength: 12 }),
        options,
        (changes, mountOptions) => {
          using scratch = new Scratch();
          const base = scratch.tree('base', { ...image, 'a/b/c': 'c', 'b/d': 'd' });
          const made = scratch.overlay([base], mountOptions);
          for (const { kind, from, to } of changes) tryTo(kind, `${made}/${from}`, `${made}/${to}`);
          run('umount', made);
          renameSync(scratch.at('upper'), scratch.at('layer'));
          const isMetacopy = mountOptions.includes('metacopy=on');
          const merged = scratch.overlay(
            [scratch.at('layer'), base],
            isMetacopy ? ['metacopy=on'] : [],
          );
          const { rootfs, view } = scratch.measure(merged);
          assert.deepEqual([view, rootfs], ['overlay', digestOf(merged)]);
        },
      ),
      { numRuns: 25 },
    );
  });

  for (const count of [1, 100])
    test(`${count} lower directories are measured as they are shown`, () => {
      using scratch = new Scratch();
      const lowers = Array.from({ length: count }, (_, i) =>
        scratch.tree(`l${i}`, { [`f${i}`]: `${i}`, same: `${i}` }),
      );
      runIn(scratch.path, 'sh', '-c', 'mkdir -p upper work merged');
      // mount(2) takes no more than a page of options.
      const relative = lowers.map((lower) => lower.slice(scratch.path.length + 1)).join(':');
      const above = `upperdir=${scratch.directory('c', 'upper')},workdir=${scratch.directory('c', 'work')}`;
      runIn(
        scratch.path,
        'mount',
        '-t',
        'overlay',
        'overlay',
        '-o',
        `lowerdir=${relative},${above}`,
        'merged',
      );
      const merged = scratch.at('merged');
      assert.equal(scratch.measure(merged).rootfs, digestOf(merged));
      assert.equal(scratch.measure(merged).view, 'overlay');
    });

  test('a single lower directory that needs the kernel is measured as it is shown', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { ...image, 'd/f': '' });
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/usr', `${lower}/d`);
    const merged = scratch.overlay([lower]);
    assert.equal(scratch.measure(merged).rootfs, digestOf(merged));
  });

  test('names of directories may have colons, blanks, newlines, commas and backslashes', () => {
    using scratch = new Scratch();
    const home = scratch.directory('a:b c\nd,e\\f');
    const lowers = ['1:1', '2\\2', '3\n3'].map((name, i) => {
      mkdirSync(`${home}/${name}`);
      writeFileSync(`${home}/${name}/f${i}`, '');
      return `${home}/${name}`;
    });
    const merged = scratch.overlay(lowers);
    const odd = `${home}/root: \\\n`;
    mkdirSync(odd);
    run('mount', '--move', merged, odd);
    const found = scratch.measure(odd);
    assert.deepEqual([found.view, found.rootfs], ['overlay', digestOf(odd)]);
  });

  test('of two mounts on one directory the upper one is measured', () => {
    using scratch = new Scratch();
    const hidden = scratch.tree('hidden', { 'usr/bin/sh': 'GOOD' });
    const merged = scratch.overlay([hidden]);
    const shown = scratch.tree('shown', { 'usr/bin/sh': 'EVIL' });
    const above = `upperdir=${scratch.directory('u2')},workdir=${scratch.directory('w2')}`;
    run('mount', '-t', 'overlay', 'overlay', '-o', `lowerdir=${shown},${above}`, merged);
    assert.equal(scratch.measure(merged).rootfs, digestOf(shown));
    run('mount', '--bind', hidden, merged);
    assert.deepEqual(
      [scratch.measure(merged).view, scratch.measure(merged).rootfs],
      ['merged', digestOf(hidden)],
    );
  });

  test('an overlay that is bound to another place is still read by its layers', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', image);
    const merged = scratch.overlay([lower]);
    const bound = scratch.directory('bound');
    run('mount', '--bind', merged, bound);
    assert.deepEqual(
      [scratch.measure(bound).view, scratch.measure(bound).rootfs],
      ['overlay', digestOf(lower)],
    );
  });

  test('an overlay without an upper directory has no writable layer', () => {
    using scratch = new Scratch();
    const [a, b] = [scratch.tree('a', image), scratch.tree('b', { x: '' })];
    run(
      'mount',
      '-t',
      'overlay',
      'overlay',
      '-o',
      `lowerdir=${a}:${b}`,
      scratch.directory('merged'),
    );
    const found = scratch.measure(scratch.at('merged'));
    assert.deepEqual(
      [found.view, found.writable, found.rootfs],
      ['overlay', [], digestOf(scratch.at('merged'))],
    );
  });

  test('layers behind Docker’s short links are found', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('overlay2/ID/diff', image);
    scratch.directory('overlay2', 'l');
    symlinkSync('../ID/diff', scratch.at('overlay2/l/SHORT'));
    const merged = scratch.overlay([scratch.at('overlay2/l/SHORT')]);
    assert.deepEqual(
      [scratch.measure(merged).view, scratch.measure(merged).rootfs],
      ['overlay', digestOf(lower)],
    );
  });

  test('an overlay whose marks are user attributes is read by those', () => {
    using scratch = new Scratch();
    const base = scratch.tree('base', { 'd/GOOD': '', 'd/x': '' });
    const top = scratch.tree('top', { 'd/EVIL': '' });
    run('setfattr', '-n', 'user.overlay.opaque', '-v', 'y', `${top}/d`);
    const merged = scratch.overlay([top, base], ['userxattr']);
    assert.equal(scratch.measure(merged).rootfs, digestOf(merged));
    run('umount', merged);
    rmSync(scratch.at('work'), { recursive: true });
    const plain = scratch.overlay([top, base]);
    assert.equal(scratch.measure(plain).rootfs, digestOf(plain));
    assert.notEqual(digestOf(plain), digestOf(top));
  });

  for (const type of ['bind', 'tmpfs', 'overlay'])
    test(`a mount inside is denied (${type})`, () => {
      using scratch = new Scratch();
      const lower = scratch.tree('lower', image);
      const merged = scratch.overlay([lower]);
      if (type === 'bind')
        run('mount', '--bind', scratch.tree('evil', { sh: 'EVIL' }), `${merged}/usr/bin`);
      else if (type === 'tmpfs') run('mount', '-t', 'tmpfs', 'tmpfs', `${merged}/etc`);
      else
        run(
          'mount',
          '-t',
          'overlay',
          'overlay',
          '-o',
          `lowerdir=${lower}:${scratch.at('empty')}`,
          `${merged}/etc`,
        );
      assert.throws(() => scratch.measure(merged), refused);
    });

  test('a mount inside a plain directory is denied, also as a file', () => {
    using scratch = new Scratch();
    const rootfs = scratch.tree('rootfs', image);
    run(
      'mount',
      '--bind',
      scratch.tree('other', { f: 'EVIL' }).concat('/f'),
      `${rootfs}/usr/bin/sh`,
    );
    assert.throws(() => scratch.measure(rootfs), refused);
  });

  test('a rootfs that is missing, a link or a file is denied', () => {
    using scratch = new Scratch();
    symlinkSync(scratch.tree('real', image), scratch.at('link'));
    for (const name of ['missing', 'link', 'real/etc/passwd'])
      assert.throws(() => scratch.measure(scratch.at(name)), refused);
  });

  test('the caller’s time limit ends it, and nothing stays open', () => {
    using scratch = new Scratch();
    const merged = scratch.overlay([scratch.tree('lower', image)]);
    for (let allowed = 0; allowed < 3; allowed++) {
      let calls = 0;
      const interrupt = () => {
        if (calls++ >= allowed) throw new HookError('deadline', 'time is up');
      };
      assert.throws(
        () => scratch.measure(merged, { interrupt, mountDestinations: ['/a', '/b', '/c'] }),
        {
          name: 'HookError',
          code: 'deadline',
        },
      );
    }
    const open = run('find', `/proc/${process.pid}/fd`, '-lname', `${scratch.path}*`);
    assert.equal(open, '');
    assert.equal(readlinkSync('/proc/self/cwd'), process.cwd());
  });

  test('an empty directory that is not empty is not used', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { ...image, 'd/f': '' });
    run('setfattr', '-n', 'trusted.overlay.redirect', '-v', '/usr', `${lower}/d`);
    const merged = scratch.overlay([lower]);
    assert.throws(() => scratch.measure(merged, { emptyDirectory: lower }), refused);
  });
});

function tryTo(kind: string, from: string, to: string): void {
  try {
    if (kind === 'write') writeFileSync(from, to);
    else if (kind === 'mkdir') mkdirSync(from);
    else if (kind === 'remove') rmSync(from, { recursive: true });
    else if (kind === 'move') renameSync(from, to);
    else if (kind === 'link') symlinkSync(to, from);
    else run('chmod', '700', from);
  } catch {
    // Not every change can follow every other.
  }
}
