import assert from 'node:assert/strict';
import { chmodSync, lchownSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type FoundEntry, lookupEntry, readFileBytes, readNames } from './lookup.ts';
import {
  bytes,
  MS_BIND,
  makeNode,
  makeWhiteout,
  scratchDirectory,
  setXattr,
  withRoots,
} from './tree.fixture.ts';

const overlay = { xattrPrefix: 'trusted.overlay.' } as const;

function lookup(layers: string[], path: string, options = {}): FoundEntry | undefined {
  return withRoots(layers, (roots) => lookupEntry(roots, path, options));
}

describe('looking an entry up', () => {
  test('says what it is', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/etc`);
    writeFileSync(`${path}/etc/hosts`, 'hi\n');
    chmodSync(`${path}/etc/hosts`, 0o4711);
    lchownSync(`${path}/etc/hosts`, 1, 2);
    chmodSync(`${path}/etc/hosts`, 0o4711);
    symlinkSync('etc', `${path}/link`);
    makeNode(`${path}/null`, 0o020666, 1, 3);
    const { kind, mode, uid, gid, size, layer } = lookup([path], 'etc/hosts') ?? {};
    assert.deepEqual(
      { kind, mode, uid, gid, size, layer },
      { kind: 'file', mode: 0o4711, uid: 1, gid: 2, size: 3, layer: 0 },
    );
    assert.equal(lookup([path], '')?.kind, 'dir');
    assert.equal(lookup([path], 'link')?.target, 'etc');
    assert.deepEqual(
      [lookup([path], 'null')?.kind, lookup([path], 'null')?.major, lookup([path], 'null')?.minor],
      ['char', 1, 3],
    );
  });

  test('finds nothing below a link, a file or nothing', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/dir`);
    writeFileSync(`${path}/dir/file`, '');
    symlinkSync('dir', `${path}/link`);
    symlinkSync('/etc', `${path}/outside`);
    for (const absent of ['link/file', 'outside/passwd', 'dir/file/x', 'no', 'no/x']) {
      assert.equal(lookup([path], absent), undefined);
    }
  });

  test('refuses paths that are not plain', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/a`);
    for (const path of ['/', '/a', 'a/', 'a//b', './a', 'a/..', '..', 'a\0', 'n'.repeat(256)]) {
      assert.throws(() => lookup([scratch.path], path), {
        name: 'DigestError',
        code: 'unreadable',
      });
    }
  });

  test('in several layers follows the rules of overlayfs', () => {
    using scratch = scratchDirectory();
    const [top, base] = [`${scratch.path}/top`, `${scratch.path}/base`];
    for (const directory of ['merged', 'opaque', 'replaced']) {
      mkdirSync(`${base}/${directory}`, { recursive: true });
      writeFileSync(`${base}/${directory}/below`, '');
    }
    writeFileSync(`${base}/gone`, '');
    mkdirSync(`${top}/merged`, { recursive: true });
    mkdirSync(`${top}/opaque`);
    setXattr(`${top}/opaque`, 'trusted.overlay.opaque', 'y');
    writeFileSync(`${top}/replaced`, '');
    makeWhiteout(`${top}/gone`);
    const found = (path: string): number | undefined =>
      lookup([top, base], path, { overlay })?.layer;
    assert.equal(found('merged'), 0);
    assert.equal(found('merged/below'), 1);
    assert.equal(found('opaque/below'), undefined);
    assert.equal(found('replaced/below'), undefined);
    assert.equal(found('gone'), undefined);
  });

  test('in one layer as it lies shows whiteouts and overlay attributes', () => {
    using scratch = scratchDirectory();
    makeWhiteout(`${scratch.path}/gone`);
    mkdirSync(`${scratch.path}/opaque`);
    setXattr(`${scratch.path}/opaque`, 'trusted.overlay.opaque', 'y');
    setXattr(`${scratch.path}/opaque`, 'user.overlay.redirect', '/x');
    const gone = lookup([scratch.path], 'gone');
    assert.deepEqual([gone?.kind, gone?.major, gone?.minor], ['char', 0, 0]);
    const opaque = lookup([scratch.path], 'opaque')?.overlayXattrs;
    assert.deepEqual(opaque, new Map([['opaque', Uint8Array.from(bytes('y'))]]));
    const byUser = lookup([scratch.path], 'opaque', { xattrPrefix: 'user.overlay.' });
    assert.deepEqual([...(byUser?.overlayXattrs.keys() ?? [])], ['redirect']);
  });

  test('gives the container’s ids', () => {
    using scratch = scratchDirectory();
    symlinkSync('x', `${scratch.path}/link`);
    lchownSync(`${scratch.path}/link`, 1001, 1002);
    const ids = [{ containerID: 0, hostID: 1000, size: 10 }];
    const found = lookup([scratch.path], 'link', { idMappings: { uids: ids, gids: ids } });
    assert.deepEqual([found?.uid, found?.gid], [1, 2]);
  });

  test('stops at another mount', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/tree/mnt`, { recursive: true });
    mkdirSync(`${path}/other`);
    scratch.mount(`${path}/tree/mnt`, { source: `${path}/other`, flags: MS_BIND });
    for (const at of ['mnt', 'mnt/x']) {
      assert.throws(() => lookup([`${path}/tree`], at), { code: 'foreign-mount' });
    }
  });
});

describe('reading the names of a directory', () => {
  test('gives one layer’s, in the order of their bytes', () => {
    using scratch = scratchDirectory();
    for (const name of ['b', 'a', '\xff', 'B']) {
      writeFileSync(bytes(`${scratch.path}/${name}`), '');
    }
    const names = withRoots([scratch.path], ([root]) => root && readNames(root, ''));
    assert.deepEqual(names, ['B', 'a', 'b', '\xff']);
  });

  test('is an error where there is none', () => {
    using scratch = scratchDirectory();
    writeFileSync(`${scratch.path}/file`, '');
    symlinkSync('/etc', `${scratch.path}/link`);
    for (const path of ['file', 'link', 'no']) {
      assert.throws(() => withRoots([scratch.path], ([root]) => root && readNames(root, path)), {
        name: 'DigestError',
        code: 'unreadable',
      });
    }
  });
});

describe('reading a file', () => {
  const read = (directory: string, path: string, maxBytes: number): Uint8Array | undefined =>
    withRoots([directory], ([root]) => root && readFileBytes(root, path, maxBytes));

  test('gives its content up to a limit', () => {
    using scratch = scratchDirectory();
    writeFileSync(`${scratch.path}/file`, 'content', { mode: 0 });
    writeFileSync(`${scratch.path}/empty`, '');
    assert.equal(Buffer.from(read(scratch.path, 'file', 7) ?? []).toString(), 'content');
    assert.equal(read(scratch.path, 'empty', 0)?.length, 0);
    assert.throws(() => read(scratch.path, 'file', 6), {
      code: 'unreadable',
      message: /at most 6/,
    });
  });

  test('follows no link and opens nothing but files', () => {
    using scratch = scratchDirectory();
    symlinkSync('/etc/hostname', `${scratch.path}/link`);
    makeNode(`${scratch.path}/fifo`, 0o010644);
    for (const path of ['link', 'fifo', '', 'no']) {
      assert.throws(() => read(scratch.path, path, 100), {
        name: 'DigestError',
        code: 'unreadable',
      });
    }
  });
});
