import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { before, describe, test } from 'node:test';
import type { Entry } from '#digest/entry';
import { parseListing } from '#digest/listing';
import { digestRootfs, type RootfsDigest } from '#digest/rootfs';
import { openTreeRoot } from '#digest/tree-root';
import { debianRootfs } from './program.ts';

const run = (file: string, args: readonly string[], input: string | Uint8Array): string =>
  execFileSync(file, args, {
    input,
    cwd: debianRootfs,
    encoding: 'latin1',
    maxBuffer: 64 * 1024 * 1024,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', LC_ALL: 'C' },
  });

describe('our listing of a whole Debian root filesystem', () => {
  let digest: RootfsDigest['digest'];
  let listing: Buffer;
  let entries: readonly Entry[];

  before(() => {
    using root = openTreeRoot(debianRootfs);
    const chunks: Uint8Array[] = [];
    const onListing = (chunk: Uint8Array): number => chunks.push(chunk);
    ({ digest } = digestRootfs([root], { foreignMounts: 'refuse', onListing }));
    listing = Buffer.concat(chunks);
    ({ entries } = parseListing(listing));
  });

  test('is one that mtree finds no difference in', () => {
    assert.equal(run('mtree', ['-p', debianRootfs], listing), '');
  });

  test('is one that mtree finds a changed digit in', () => {
    const changed = listing.toString('latin1').replace(/(\.\/etc\/passwd .*sha256digest=)./, '$1x');
    assert.throws(() => run('mtree', ['-p', debianRootfs], changed), { stdout: /sha256/ });
  });

  test('has as many entries as find finds', () => {
    const found = run('find', ['.', '-mindepth', '1', '-print0'], '').split('\0').slice(0, -1);
    assert.deepEqual(
      entries.map(({ path }) => path).toSorted(),
      found.map((path) => path.slice(2)).toSorted(),
    );
  });

  test('has the digests that sha256sum prints', () => {
    const files = entries.filter((entry) => entry.kind === 'file');
    assert.ok(files.length > 1000);
    const paths = files.map(({ path }) => `${path}\0`).join('');
    const output = run('xargs', ['-0', 'sha256sum', '-z', '--'], Buffer.from(paths, 'latin1'));
    assert.deepEqual(
      output.split('\0').slice(0, -1),
      files.map(({ path, sha256 }) => `${sha256}  ${path}`),
    );
  });

  test('has the capabilities and ACLs that getfattr prints', () => {
    const names = '^(security\\.capability|system\\.posix_acl_(access|default))$';
    const args = ['-R', '-h', '-d', '-e', 'base64', '-m', names, '.'];
    const found = run('getfattr', args, '').match(/^[a-z_.]+=0s.*$/gm) ?? [];
    const listed = entries.flatMap(({ xattrs }) =>
      xattrs.map(({ name, value }) => `${name}=0s${value.toBase64()}`),
    );
    assert.deepEqual(listed.toSorted(), found.toSorted());
  });

  test('has the digest that sha256sum prints', () => {
    assert.equal(`sha256:${run('sha256sum', [], listing).slice(0, 64)}`, digest);
  });
});
