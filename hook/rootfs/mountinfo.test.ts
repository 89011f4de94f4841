import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { mountsInside, parseMountinfo, readMountinfo, unescapeOctal } from './mountinfo.ts';

const line = (id: number, parent: number, point: string, rest = '- overlay overlay rw') =>
  `${id} ${parent} 0:39 / ${point} rw,relatime ${rest}\n`;

describe('parseMountinfo', () => {
  test('blank, tab, newline and backslash in a mount point are what they were', () => {
    const [mount] = parseMountinfo(line(46, 27, '/a\\040b\\011c\\012d\\134e\xff'));
    assert.equal(mount?.point, '/a b\tc\nd\\e\xff');
  });

  test('any number of optional fields may stand before the separator', () => {
    for (const optional of ['', 'shared:1 ', 'shared:1 master:2 propagate_from:3 unbindable '])
      assert.equal(
        parseMountinfo(line(1, 2, '/', `${optional}- ext4 /dev/vda rw`))[0]?.type,
        'ext4',
      );
  });

  test('a source may be empty', () => {
    const [mount] = parseMountinfo(line(1, 2, '/', '- tmpfs  rw,size=4k'));
    assert.deepEqual([mount?.type, mount?.superOptions], ['tmpfs', 'rw,size=4k']);
  });

  test('escapes stay in the options, which are taken apart first', () => {
    const [mount] = parseMountinfo(line(1, 2, '/', '- overlay o rw,lowerdir=/a\\054b'));
    assert.equal(mount?.superOptions, 'rw,lowerdir=/a\\054b');
  });

  test('a line that the kernel does not write is refused', () => {
    const broken = [
      '',
      'x',
      '1 2 0:1 / / rw ext4 x rw',
      line(1, 2, '/', '- ext4 x'),
      'a 2 0:1 / / rw - a b c',
    ];
    for (const text of broken)
      assert.throws(() => parseMountinfo(`${text.trimEnd()}\n`), {
        name: 'HookError',
        code: 'rootfs',
      });
  });

  test('ten thousand mounts are read', () => {
    const text = Array.from({ length: 10_000 }, (_, i) => line(i + 10, 1, `/m/${i}`)).join('');
    const mounts = parseMountinfo(line(1, 0, '/') + text);
    assert.equal(mounts.length, 10_001);
    const root = mounts[0];
    assert.ok(root);
    assert.equal(mountsInside(mounts, root, '/m').length, 10_000);
  });

  test('this machine’s own can be read', () => {
    assert.ok(readMountinfo().some(({ point }) => point === '/proc'));
  });
});

describe('unescapeOctal', () => {
  test('a backslash that was escaped does not start another escape', () => {
    assert.equal(unescapeOctal('\\134040'), '\\040');
  });
});

describe('mountsInside', () => {
  const inside = (text: string, top: number, path: string) => {
    const mounts = parseMountinfo(text);
    const mount = mounts.find(({ id }) => id === top);
    assert.ok(mount);
    return mountsInside(mounts, mount, path).map(({ id }) => id);
  };

  test('a mount on a mount inside counts', () => {
    const text = line(1, 1, '/') + line(2, 1, '/r') + line(3, 2, '/r/a') + line(4, 3, '/r/a/b');
    assert.deepEqual(inside(text, 2, '/r'), [3, 4]);
  });

  test('a mount that the topmost one hides does not count', () => {
    const text = line(1, 1, '/') + line(2, 1, '/r') + line(3, 2, '/r/a') + line(4, 2, '/r');
    assert.deepEqual(inside(text, 4, '/r'), []);
  });

  test('a root mount that is its own parent ends nowhere but here', () => {
    assert.deepEqual(inside(line(1, 1, '/') + line(2, 1, '/r'), 1, '/'), [2]);
  });

  test('a neighbour whose name only starts the same does not count', () => {
    const text = line(1, 1, '/') + line(2, 1, '/rootfs') + line(3, 1, '/rootfs2/a');
    assert.deepEqual(inside(text, 1, '/rootfs'), []);
  });
});
