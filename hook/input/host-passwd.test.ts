import assert from 'node:assert/strict';
import { chmodSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { Scratch } from '#hook/rootfs/scratch-overlay.fixture';
import { readHostPasswd } from './host-passwd.ts';

test('the host’s users are those of its /etc/passwd', () => {
  assert.equal(readHostPasswd(), readFileSync('/etc/passwd', 'latin1'));
});

test('a list of users that others could have written, a link, and none at all name nobody', () => {
  using scratch = new Scratch();
  const path = scratch.at('passwd');
  assert.equal(readHostPasswd(path), '');
  writeFileSync(path, 'ann:x:1001:1001::/:/bin/sh\n');
  assert.notEqual(readHostPasswd(path), '');
  chmodSync(path, 0o666);
  assert.equal(readHostPasswd(path), '');
  rmSync(path);
  symlinkSync('/etc/passwd', path);
  assert.equal(readHostPasswd(path), '');
});
