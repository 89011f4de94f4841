import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { readMountinfo } from './mountinfo.ts';
import { parseOverlayOptions } from './overlay-options.ts';
import { mountOverlayByKeys, Scratch } from './scratch-overlay.fixture.ts';

const odd = ['a:b', 'c d', 'e\\f', 'g\nh', 'i,j', 'k=l', 'n\\:o', 'p#q\tr'];

function optionsOf(point: string) {
  const mount = readMountinfo().find((candidate) => candidate.point === point);
  assert.ok(mount);
  return parseOverlayOptions(mount.superOptions);
}

describe('parseOverlayOptions', () => {
  test('odd names given by mount(8) come back as they are', () => {
    using scratch = new Scratch();
    const lowers = odd.map((name) => scratch.directory('lowers', name));
    const { lowers: found, upper } = optionsOf(scratch.overlay(lowers));
    assert.deepEqual(found, lowers);
    assert.equal(upper, scratch.at('upper'));
  });

  test('odd names given one by one (lowerdir+, datadir+) come back as they are', () => {
    using scratch = new Scratch();
    const lowers = [...odd, '"q'].map((name) => scratch.directory('lowers', name));
    const data = scratch.directory('data:\\ ,x');
    const keys = lowers.map((lower): [string, string] => ['lowerdir+', lower]);
    mountOverlayByKeys(scratch.directory('m'), [...keys, ['datadir+', data], ['metacopy', 'on']]);
    const options = optionsOf(scratch.at('m'));
    assert.deepEqual(options.lowers, lowers);
    assert.deepEqual(options.dataLowers, [data]);
    assert.equal(options.meaning.get('metacopy'), 'on');
  });

  test('an upper directory’s odd name comes back as it is', () => {
    using scratch = new Scratch();
    const lower = scratch.directory('lower');
    const upper = scratch.directory('u:p\\p,e r');
    const escaped = upper.replaceAll(/[\\:,]/g, '\\$&');
    const keys: [string, string][] = [
      ['lowerdir', lower],
      ['upperdir', escaped],
      ['workdir', scratch.directory('w')],
    ];
    mountOverlayByKeys(scratch.directory('m'), keys);
    assert.equal(optionsOf(scratch.at('m')).upper, upper);
  });

  test('options that change what layers mean are kept', () => {
    const { meaning, xattrPrefix } = parseOverlayOptions(
      'ro,lowerdir=/a:/b,redirect_dir=nofollow,verity=require,metacopy=on,userxattr',
    );
    assert.deepEqual(Object.fromEntries(meaning), {
      redirect_dir: 'nofollow',
      verity: 'require',
      metacopy: 'on',
      userxattr: '',
    });
    assert.equal(xattrPrefix, 'user.overlay.');
  });

  test('data-only lower directories are told apart', () => {
    const { lowers, dataLowers } = parseOverlayOptions('ro,lowerdir=/a:/b::/c::/d');
    assert.deepEqual(
      [lowers, dataLowers],
      [
        ['/a', '/b'],
        ['/c', '/d'],
      ],
    );
  });

  test('a comma inside a quoted SELinux context ends no option', () => {
    const text =
      'rw,context="system_u:object_r:container_file_t:s0:c1,c2",lowerdir=/a,upperdir=/u,workdir=/w';
    assert.deepEqual(parseOverlayOptions(text).lowers, ['/a']);
  });

  test('a quote in a directory’s name hides no option', () => {
    const { lowers, meaning } = parseOverlayOptions(
      'rw,lowerdir="/a:/b,metacopy=on,upperdir=/u",workdir=/w',
    );
    assert.deepEqual(lowers, ['"/a', '/b']);
    assert.equal(meaning.get('metacopy'), 'on');
  });

  for (const text of [
    'rw',
    'rw,lowerdir=/a,later=on',
    'rw,lowerdir=/a,metacopy=perhaps',
    'rw,lowerdir=/a:',
    'rw,lowerdir=:/a',
    'rw,lowerdir=/a::/b:/c',
    'rw,lowerdir=/a:::/b',
    'rw,lowerdir=/a,,xino=on',
  ])
    test(`what cannot be understood is refused: ${text}`, () => {
      assert.throws(() => parseOverlayOptions(text), { name: 'HookError', code: 'rootfs' });
    });
});
