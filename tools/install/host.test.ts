import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { makeTestDirectory } from '#tools/program.fixture';
import { hostAt } from './host.ts';

const root = makeTestDirectory('host');
after(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, 'etc'));
mkdirSync(join(root, 'usr/lib'), { recursive: true });
writeFileSync(join(root, 'etc/file'), '');
for (const [path, target] of Object.entries({
  lib: 'usr/lib',
  'etc/absolute': '/usr/lib',
  'etc/out': '../../../../etc/passwd',
  'etc/absolute-out': '/../../etc/passwd',
  'etc/circle': 'circle',
  'etc/dangling': '/nowhere/at/all',
  'usr/lib/back': '../../etc',
})) {
  symlinkSync(target, join(root, path));
}

describe('a path of a host', () => {
  const host = hostAt(root);
  for (const [path, expected] of Object.entries({
    '/': '',
    '/etc/file': '/etc/file',
    '/etc//./file/': '/etc/file',
    '/etc/../../../etc/file': '/etc/file',
    '/lib/x': '/usr/lib/x',
    '/etc/absolute/x': '/usr/lib/x',
    '/lib/back/file': '/etc/file',
    '/lib/back/../x': '/x',
    '/etc/out': '/etc/passwd',
    '/etc/absolute-out': '/etc/passwd',
    '/etc/dangling': '/nowhere/at/all',
    '/not/there': '/not/there',
    '/etc/file/below': '/etc/file/below',
  })) {
    test(`${path} is ${expected} below its root`, () => {
      assert.equal(host.at(path), join(root, expected));
      assert.equal(host.nameOf(host.at(path)), expected === '' ? '/' : expected);
    });
  }

  test('that leads in a circle is refused', () => {
    assert.throws(() => host.at('/etc/circle/x'), /too many symbolic links/);
  });

  test('is itself on this machine', () => {
    const here = hostAt(undefined);
    assert.ok(here.isThisMachine && hostAt('/').isThisMachine && !host.isThisMachine);
    assert.equal(here.at(join(root, 'etc/file')), join(root, 'etc/file'));
    assert.equal(here.nameOf('/etc/file'), '/etc/file');
  });
});
