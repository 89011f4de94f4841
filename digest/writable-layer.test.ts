import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { parseListing } from './listing.ts';
import { asNobody } from './nobody.fixture.ts';
import { digestWritableLayer, type WritableLayerOptions } from './rootfs.ts';
import {
  digestDirectory,
  makeWhiteout,
  scratchDirectory,
  setXattr,
  withRoots,
} from './tree.fixture.ts';

function list(path: string, options: Partial<WritableLayerOptions> = {}): string[] {
  const chunks: Uint8Array[] = [];
  const onListing = (chunk: Uint8Array): number => chunks.push(chunk);
  withRoots([path], ([root]) => {
    assert.ok(root);
    digestWritableLayer(root, { foreignMounts: 'refuse', onListing, ...options });
  });
  const listing = Buffer.concat(chunks);
  assert.equal(parseListing(listing).kind, 'writable');
  return listing.toString('latin1').split('\n').slice(0, -1);
}

describe('the digest of a writable layer', () => {
  test('lists the layer as it lies: whiteouts and what changes the merge', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    makeWhiteout(`${path}/gone`);
    mkdirSync(`${path}/opaque`);
    for (const [name, value] of [
      ['trusted.overlay.opaque', 'y'],
      ['trusted.overlay.redirect', '/old'],
      ['trusted.overlay.origin', 'of no weight'],
      ['trusted.overlay.impure', 'y'],
      ['user.overlay.opaque', 'y'],
    ] as const) {
      setXattr(`${path}/opaque`, name, value);
    }
    const head = ['#mtree writable-digest v1', '. type=dir'];
    assert.deepEqual(list(path), [
      ...head,
      './gone type=char mode=0000 uid=0 gid=0 device=native,0,0',
      './opaque type=dir mode=0755 uid=0 gid=0',
      '#xattr trusted.overlay.opaque=eQ==',
      '#xattr trusted.overlay.redirect=L29sZA==',
    ]);
    assert.deepEqual(list(path, { xattrPrefix: 'user.overlay.' }).slice(3), [
      './opaque type=dir mode=0755 uid=0 gid=0',
      '#xattr user.overlay.opaque=eQ==',
    ]);
  });

  test('is never the digest of a root filesystem', () => {
    using scratch = scratchDirectory();
    const { digest } = digestDirectory(scratch.path);
    withRoots([scratch.path], ([root]) => {
      assert.ok(root);
      assert.notEqual(digestWritableLayer(root, { foreignMounts: 'refuse' }).digest, digest);
    });
  });

  test('is refused to whoever cannot see the attributes that it lists', () => {
    using scratch = scratchDirectory();
    chmodSync(scratch.path, 0o755);
    writeFileSync(`${scratch.path}/file`, '');
    const url = (name: string): string => JSON.stringify(new URL(name, import.meta.url));
    const code = `
      import { digestRootfs, digestWritableLayer } from ${url('./rootfs.ts')};
      import { openTreeRoot } from ${url('./tree-root.ts')};
      using root = openTreeRoot(${JSON.stringify(scratch.path)});
      const overlay = { xattrPrefix: 'trusted.overlay.' };
      const foreignMounts = 'refuse';
      for (const digest of [
        () => digestWritableLayer(root, { foreignMounts }),
        () => digestRootfs([root], { foreignMounts, overlay }),
        () => digestRootfs([root], { foreignMounts }),
      ]) {
        try { digest(); console.log('done'); } catch (error) { console.log(error.code); }
      }`;
    const options = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
    const words = asNobody([process.execPath, ...options]);
    const output = execFileSync('env', words, { encoding: 'utf8' });
    assert.equal(output, 'unreadable\nunreadable\ndone\n');
  });
});
