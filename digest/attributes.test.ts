import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { digestDirectory, scratchDirectory, setXattr } from './tree.fixture.ts';

const capability = (revision: number, ...root: number[]): Uint8Array =>
  new Uint8Array(new Uint32Array([(revision << 24) | 1, 0x2000, 0, 0, 0, ...root]).buffer);
const REVISION_2 = `#xattr security.capability=${capability(2).toBase64()}`;

const attributes = (lines: readonly string[]): string[] =>
  lines.filter((line) => line.startsWith('#'));

describe('attributes', () => {
  test('of a capability are the same in both forms the kernel has', () => {
    using scratch = scratchDirectory();
    const file = `${scratch.path}/ping`;
    writeFileSync(file, '');
    for (const value of [capability(2), capability(3, 0)]) {
      setXattr(file, 'security.capability', value);
      assert.deepEqual(attributes(digestDirectory(scratch.path).lines), [REVISION_2]);
    }
  });

  test('of another namespace’s capability keep its root, or are the container’s own', () => {
    using scratch = scratchDirectory();
    const file = `${scratch.path}/ping`;
    writeFileSync(file, '');
    setXattr(file, 'security.capability', capability(3, 1000));
    lchownSync(file, 1000, 1000);
    setXattr(file, 'security.capability', capability(3, 1000));
    assert.deepEqual(attributes(digestDirectory(scratch.path).lines), [
      `#xattr security.capability=${capability(3, 1000).toBase64()}`,
    ]);
    const ids = [{ containerID: 0, hostID: 1000, size: 1 }];
    const { lines } = digestDirectory(scratch.path, { idMappings: { uids: ids, gids: ids } });
    assert.match(lines[0] ?? '', /uid=0 gid=0/);
    assert.deepEqual(attributes(lines), [REVISION_2]);
  });

  test('of ACLs are listed in the order of their names, minimal ones are not', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/dir`);
    chmodSync(`${path}/dir`, 0o700);
    execFileSync('setfacl', ['-m', 'u:7:rwx,d:g:8:r', `${path}/dir`]);
    writeFileSync(`${path}/file`, '');
    execFileSync('setfacl', ['-m', 'u::rw,g::r,o::r', `${path}/file`]);
    assert.deepEqual(attributes(digestDirectory(path).lines), [
      '#xattr system.posix_acl_access=AgAAAAEABwD/////AgAHAAcAAAAEAAAA/////xAABwD/////IAAAAP////8=',
      '#xattr system.posix_acl_default=AgAAAAEABwD/////BAAAAP////8IAAQACAAAABAABAD/////IAAAAP////8=',
    ]);
  });

  test('that a host, a driver or a user sets are left out', () => {
    using scratch = scratchDirectory();
    const file = `${scratch.path}/file`;
    writeFileSync(file, '');
    symlinkSync('x', `${scratch.path}/link`);
    const { digest } = digestDirectory(scratch.path);
    setXattr(file, 'user.comment', 'x'.repeat(2000));
    for (let i = 0; i < 40; i++) setXattr(file, `user.long-name-${i}`, '');
    setXattr(file, 'trusted.overlay.origin', 'x');
    setXattr(file, 'user.overlay.opaque', 'y');
    setXattr(`${scratch.path}/link`, 'trusted.something', 'x');
    assert.equal(digestDirectory(scratch.path).digest, digest);
  });
});

describe('owners', () => {
  const ids = [
    { containerID: 0, hostID: 100_000, size: 1000 },
    { containerID: 1000, hostID: 5, size: 1 },
  ];
  const idMappings = { uids: ids, gids: ids };

  test('are mapped back to the container’s', () => {
    using scratch = scratchDirectory();
    for (const [name, uid, gid] of [
      ['a', 100_000, 100_999],
      ['b', 5, 100_001],
    ] as const) {
      symlinkSync('x', `${scratch.path}/${name}`);
      lchownSync(`${scratch.path}/${name}`, uid, gid);
    }
    assert.deepEqual(digestDirectory(scratch.path, { idMappings }).lines, [
      './a type=link uid=0 gid=999 link=x',
      './b type=link uid=1000 gid=1 link=x',
    ]);
  });

  test('that the container does not map are refused, by name', () => {
    using scratch = scratchDirectory();
    symlinkSync('x', `${scratch.path}/a\nb`);
    for (const [uid, gid] of [
      [0, 5],
      [5, 101_000],
    ] as const) {
      lchownSync(`${scratch.path}/a\nb`, uid, gid);
      assert.throws(() => digestDirectory(scratch.path, { idMappings }), {
        name: 'DigestError',
        code: 'unmapped-id',
        message: /^"\.\/a\\012b": expected a [ug]id that the container maps/,
      });
    }
  });
});
