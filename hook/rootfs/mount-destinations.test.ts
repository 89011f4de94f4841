import assert from 'node:assert/strict';
import { symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';

import { lookupEntry } from '#digest/lookup';
import { openTreeRoot } from '#digest/tree-root';
import { type MountPoints, resolveMountPoints } from './mount-destinations.ts';
import { Scratch } from './scratch-overlay.fixture.ts';

function resolve(scratch: Scratch, ...destinations: string[]): MountPoints {
  using root = openTreeRoot(scratch.directory('image'));
  return resolveMountPoints(destinations, (path) => lookupEntry([root], path, {}));
}

const pointsOf = (scratch: Scratch, ...destinations: string[]) => [
  ...resolve(scratch, ...destinations).points,
];

describe('resolveMountPoints', () => {
  test('links in the image are followed inside it', () => {
    using scratch = new Scratch();
    scratch.tree('image', { 'run/': undefined, 'var/': undefined, 'etc/': undefined });
    symlinkSync('/run', scratch.at('image/var/run'));
    symlinkSync('../run/systemd/resolve/stub', scratch.at('image/etc/resolv.conf'));
    symlinkSync('../../../../../../etc', scratch.at('image/out'));
    assert.deepEqual(pointsOf(scratch, '/var/run/secrets/x'), ['run/secrets/x']);
    assert.deepEqual(pointsOf(scratch, '/etc/resolv.conf'), ['run/systemd/resolve/stub']);
    assert.deepEqual(pointsOf(scratch, '/out/passwd'), ['etc/passwd']);
  });

  test('every directory above a mount point is a parent', () => {
    using scratch = new Scratch();
    const { points, parents } = resolve(scratch, '/a/b/c', '/a/d', '/e');
    assert.deepEqual(points, new Set(['a/b/c', 'a/d', 'e']));
    assert.deepEqual(parents, new Set(['a/b', 'a']));
  });

  test('dots, slashes and relative paths mean what they mean to a runtime', () => {
    using scratch = new Scratch();
    assert.deepEqual(pointsOf(scratch, 'data', '//x//./y/', '/../../z', '/a/../b'), [
      'data',
      'x/y',
      'z',
      'b',
    ]);
  });

  test('the root itself is no mount point', () => {
    using scratch = new Scratch();
    assert.deepEqual(pointsOf(scratch, '/', '', '/..', '/a/..'), []);
  });

  test('a name in text is the bytes of its UTF-8', () => {
    using scratch = new Scratch();
    assert.deepEqual(pointsOf(scratch, '/é'), ['\xc3\xa9']);
  });

  test('what is longer than a path can be explains nothing, and is not looked at', () => {
    using scratch = new Scratch();
    const longest = `/${'a/'.repeat(2046)}bc`;
    assert.deepEqual(pointsOf(scratch, longest), [longest.slice(1)]);
    assert.deepEqual(pointsOf(scratch, `${longest}d`, `/${'a/'.repeat(7_000_000)}`, '/x'), ['x']);
  });

  test('more names than memory has room for are refused', () => {
    using scratch = new Scratch();
    const many = Array.from({ length: 101 }, (_, index) => `/${index}/${'a/'.repeat(2000)}`);
    assert.throws(() => pointsOf(scratch, ...many), { code: 'rootfs', message: /at most 200000/ });
    assert.equal(pointsOf(scratch, ...many.slice(0, 99)).length, 99);
  });

  test('loops, names too long and NUL explain nothing and end nothing', () => {
    using scratch = new Scratch();
    scratch.directory('image');
    symlinkSync('loop', scratch.at('image/loop'));
    const hostile = ['/loop/x', `/${'n'.repeat(256)}`, '/a\0b', '/good'];
    assert.deepEqual(pointsOf(scratch, ...hostile), ['good']);
  });

  test('forty links are followed and forty-one are not', () => {
    using scratch = new Scratch();
    scratch.directory('image');
    for (let i = 0; i < 41; i++) symlinkSync(`l${i + 1}`, scratch.at('image', `l${i}`));
    assert.deepEqual(pointsOf(scratch, '/l1'), ['l41']);
    assert.deepEqual(pointsOf(scratch, '/l0'), []);
  });

  test('a thousand destinations of a thousand directories are resolved', () => {
    using scratch = new Scratch();
    const deep = '/a'.repeat(1000);
    assert.equal(
      pointsOf(scratch, ...Array.from({ length: 1000 }, (_, i) => `${deep}/${i}`)).length,
      1000,
    );
  });

  test('the time limit holds while destinations are resolved', () => {
    const interrupt = () => {
      throw new Error('time is up');
    };
    assert.throws(() => resolveMountPoints(['/a'], () => undefined, interrupt), /time is up/);
  });
});
