import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';

import { HookError } from '#hook/errors';
import { mountIdMapped, shifted } from './scratch-idmap.fixture.ts';
import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const refused = { name: 'HookError', code: 'rootfs' };
const image = { 'usr/bin/sh': 'sh', 'etc/passwd': 'x', 'data/': undefined };

function imageLayer(scratch: Scratch): string {
  const lower = scratch.tree('lower', image);
  run('chown', '1000:1000', `${lower}/data`);
  run('setcap', 'cap_net_raw+ep', `${lower}/usr/bin/sh`);
  return lower;
}

describe('ids of a container with a user namespace', () => {
  test('are not looked for beyond the caller’s time, however much was copied up', () => {
    using scratch = new Scratch();
    const merged = scratch.overlay([scratch.tree('lower', { 'etc/passwd': 'x' })]);
    run('touch', `${merged}/etc`);
    const interrupt = () => {
      throw new HookError('deadline', 'the time is up');
    };
    assert.throws(() => scratch.measure(merged, { idMappings: shifted, interrupt }), {
      code: 'deadline',
    });
  });

  test('are mapped back where an engine chowned the layers', () => {
    using scratch = new Scratch();
    const lower = imageLayer(scratch);
    const before = digestOf(lower);
    for (const path of ['.', 'usr', 'usr/bin', 'etc', 'etc/passwd'])
      run('chown', '100000:100000', `${lower}/${path}`);
    run('chown', '101000:101000', `${lower}/data`);
    run('chown', '100000:100000', `${lower}/usr/bin/sh`);
    run('setcap', '-n', '100000', 'cap_net_raw+ep', `${lower}/usr/bin/sh`);
    const merged = scratch.overlay([lower]);
    mkdirSync(`${merged}/proc`);
    run('chown', '100000:100000', `${merged}/proc`);
    const found = scratch.measure(merged, { idMappings: shifted, mountDestinations: ['/proc'] });
    assert.deepEqual([found.rootfs, found.writable], [before, ['pristine']]);
  });

  test('are mapped back where they are shown and not where the layers have the image’s own', async () => {
    using scratch = new Scratch();
    const lower = imageLayer(scratch);
    const before = digestOf(lower);
    // The overlay is made of an id-mapped mount over the layer, which is then taken away: the path shows the layer.
    await mountIdMapped(lower, lower);
    const merged = scratch.overlay([lower]);
    run('umount', '-l', lower);
    assert.equal(run('stat', '-c', '%u', `${merged}/data`, `${lower}/data`), '101000\n1000\n');
    mkdirSync(`${merged}/etc/new`);
    run('chown', '100000:100000', `${merged}/etc/new`);
    const found = scratch.measure(merged, { idMappings: shifted, mountDestinations: ['/etc/new'] });
    assert.deepEqual([found.view, found.rootfs, found.writable], ['overlay', before, ['pristine']]);
  });

  test('are told even where every name at the top was copied up', async () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { 'etc/passwd': 'x' });
    await mountIdMapped(lower, lower);
    const merged = scratch.overlay([lower]);
    run('umount', '-l', lower);
    run('touch', `${merged}/etc`);
    const found = scratch.measure(merged, {
      idMappings: shifted,
      mountDestinations: ['/etc/hosts'],
    });
    assert.deepEqual([found.rootfs, found.writable], [digestOf(lower), ['pristine']]);
  });

  test('are told below a directory at the top that was replaced', async () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { 'data/old': 'x', 'etc/passwd': 'x' });
    await mountIdMapped(lower, lower);
    const merged = scratch.overlay([lower]);
    run('umount', '-l', lower);
    rmSync(`${merged}/data`, { recursive: true });
    mkdirSync(`${merged}/data`);
    run('chown', '100000:100000', `${merged}/data`);
    run('touch', `${merged}/etc`);
    const found = scratch.measure(merged, { idMappings: shifted });
    assert.equal(found.rootfs, digestOf(lower));
    assert.match(found.writable[0] ?? '', /^sha256:/);
  });

  test('are refused where some layers were id-mapped and some were not', async () => {
    using scratch = new Scratch();
    const [one, other] = [scratch.tree('one', { one: '' }), scratch.tree('other', { other: '' })];
    run('chown', '-R', '100000:100000', other);
    await mountIdMapped(one, one);
    const merged = scratch.overlay([one, other]);
    run('umount', '-l', one);
    assert.throws(() => scratch.measure(merged, { idMappings: shifted }), refused);
  });

  test('are refused where nothing shifted them', () => {
    using scratch = new Scratch();
    const merged = scratch.overlay([imageLayer(scratch)]);
    assert.throws(() => scratch.measure(merged, { idMappings: shifted }), refused);
  });
});

describe('lower directories that are not what is mounted', () => {
  const swapped: Record<string, (lower: string) => void> = {
    'have another name': (lower) => writeFileSync(`${lower}/new`, ''),
    'lack a name': (lower) => rmSync(`${lower}/etc`, { recursive: true }),
    'have another mode': (lower) => chmodSync(`${lower}/data`, 0o700),
    'have another owner': (lower) => run('chown', '7', `${lower}/data`),
    'are empty': (lower) => run('find', lower, '-mindepth', '1', '-delete'),
  };
  for (const [title, change] of Object.entries(swapped))
    test(`are denied when they ${title}`, () => {
      using scratch = new Scratch();
      const lower = imageLayer(scratch);
      const merged = scratch.overlay([lower]);
      renameSync(lower, scratch.at('real'));
      run('cp', '-a', scratch.at('real'), lower);
      change(lower);
      assert.throws(() => scratch.measure(merged), refused);
    });
});
