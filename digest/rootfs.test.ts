import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  lchownSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { sha256 } from '@noble/hashes/sha2.js';
import { digestRootfs } from './rootfs.ts';
import {
  bytes,
  digestDirectory,
  makeNode,
  scratchDirectory,
  setXattr,
  withRoots,
} from './tree.fixture.ts';

const EMPTY_FILE =
  'size=0 sha256digest=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';
const MINIMAL_ACL = '02000000 01000600ffffffff 04000400ffffffff 20000400ffffffff'.replaceAll(
  ' ',
  '',
);

describe('the digest of a directory', () => {
  test('is that of its listing', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/etc`);
    writeFileSync(`${scratch.path}/etc/hosts`, 'hi\n');
    const { digest, listing, entries, fileBytes } = digestDirectory(scratch.path);
    assert.equal(digest, `sha256:${sha256(Buffer.from(listing, 'latin1')).toHex()}`);
    assert.deepEqual({ entries, fileBytes }, { entries: 2, fileBytes: 3 });
  });

  test('of an empty directory is the empty vector', () => {
    using scratch = scratchDirectory();
    const vector = readFileSync(new URL('testdata/empty.sha256', import.meta.url), 'ascii');
    assert.equal(digestDirectory(scratch.path).digest, `sha256:${vector.slice(0, 64)}`);
  });

  test('lists every kind of entry', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/dir`);
    writeFileSync(`${path}/empty`, '');
    writeFileSync(`${path}/file`, 'content');
    linkSync(`${path}/file`, `${path}/hard-link`);
    symlinkSync('//a/../ b\n', `${path}/link`);
    makeNode(`${path}/char`, 0o020666, 4095, 0xfffff);
    makeNode(`${path}/block`, 0o060660, 8, 1);
    makeNode(`${path}/fifo`, 0o010600);
    chmodSync(`${path}/fifo`, 0o7600);
    chmodSync(`${path}/dir`, 0o1777);
    chmodSync(`${path}/empty`, 0o0000);
    chmodSync(`${path}/file`, 0o4755);
    chmodSync(`${path}/char`, 0o0666);
    chmodSync(`${path}/block`, 0o0660);
    const content = `size=7 sha256digest=${sha256(Buffer.from('content')).toHex()}`;
    assert.deepEqual(digestDirectory(path).lines, [
      './block type=block mode=0660 uid=0 gid=0 device=native,8,1',
      './char type=char mode=0666 uid=0 gid=0 device=native,4095,1048575',
      './dir type=dir mode=1777 uid=0 gid=0',
      `./empty type=file mode=0000 uid=0 gid=0 ${EMPTY_FILE}`,
      './fifo type=fifo mode=7600 uid=0 gid=0',
      `./file type=file mode=4755 uid=0 gid=0 ${content}`,
      `./hard-link type=file mode=4755 uid=0 gid=0 ${content}`,
      './link type=link uid=0 gid=0 link=//a/../\\040b\\012',
    ]);
  });

  test('does not depend on times, the root’s own metadata, or which names are one file', () => {
    using scratch = scratchDirectory();
    const { path } = scratch;
    mkdirSync(`${path}/a`);
    mkdirSync(`${path}/b`);
    for (const tree of [`${path}/a`, `${path}/b`]) {
      writeFileSync(`${tree}/one`, 'same');
      chmodSync(`${tree}/one`, 0o644);
    }
    linkSync(`${path}/a/one`, `${path}/a/two`);
    writeFileSync(`${path}/b/two`, 'same');
    chmodSync(`${path}/b/two`, 0o644);
    utimesSync(`${path}/a/one`, 1, 1);
    chmodSync(`${path}/a`, 0o700);
    chownSync(`${path}/a`, 12, 34);
    setXattr(`${path}/a`, 'system.posix_acl_default', Buffer.from(MINIMAL_ACL, 'hex'));
    assert.equal(digestDirectory(`${path}/a`).digest, digestDirectory(`${path}/b`).digest);
  });

  test('has owners up to 2^32 − 2', () => {
    using scratch = scratchDirectory();
    makeNode(`${scratch.path}/fifo`, 0o010644);
    chmodSync(`${scratch.path}/fifo`, 0o644);
    lchownSync(`${scratch.path}/fifo`, 2 ** 31, 2 ** 32 - 2);
    assert.deepEqual(digestDirectory(scratch.path).lines, [
      './fifo type=fifo mode=0644 uid=2147483648 gid=4294967294',
    ]);
  });

  test('reports sockets and does not list them', () => {
    using scratch = scratchDirectory();
    makeNode(`${scratch.path}/so cket`, 0o140755);
    const { lines, sockets, entries } = digestDirectory(scratch.path);
    assert.deepEqual({ lines, sockets, entries }, { lines: [], sockets: ['so cket'], entries: 0 });
  });

  test('leaves the working directory where it was', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/a`);
    const before = process.cwd();
    digestDirectory(scratch.path);
    assert.equal(process.cwd(), before);
    makeNode(`${scratch.path}/a/b`, 0o010644);
    chownSync(`${scratch.path}/a/b`, 1, 1);
    assert.throws(() => digestDirectory(scratch.path, { idMappings: { uids: [], gids: [] } }));
    assert.equal(process.cwd(), before);
  });

  test('opens no descriptor that it does not close, also when it fails', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/a/b/c`, { recursive: true });
    writeFileSync(`${scratch.path}/a/b/c/d`, 'x');
    withRoots([scratch.path], (roots) => {
      const before = openDescriptors();
      digestRootfs(roots, { foreignMounts: 'refuse' });
      const interrupt = (): never => {
        throw new Error('time is up');
      };
      assert.throws(
        () => digestRootfs(roots, { foreignMounts: 'refuse', interrupt }),
        /time is up/,
      );
      assert.deepEqual(openDescriptors(), before);
    });
  });
});

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

describe('names', () => {
  const odd = [
    'a\nb',
    'a#b',
    'a*b',
    'a?b',
    'a[b]',
    'a\\b',
    'a b',
    ' ',
    '-rf',
    '\x01\x7f',
    '\xff\xfe',
    '\xc3\xa9',
    'e\xcc\x81',
    'n'.repeat(255),
    '\xff'.repeat(255),
    './etc'.replace('/', '\n'),
    '...',
  ];

  test('are bytes, in the order of their bytes, whatever they look like', () => {
    using scratch = scratchDirectory();
    for (const name of odd) writeFileSync(bytes(`${scratch.path}/${name}`), name, 'latin1');
    const { lines } = digestDirectory(scratch.path);
    const expected = odd.toSorted().map((name) => {
      const escaped = name.replace(/[^!-~]|[\\#*?[]/g, (byte) => {
        return `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`;
      });
      const content = sha256(Buffer.from(name, 'latin1')).toHex();
      return `./${escaped} type=file mode=0644 uid=0 gid=0 size=${name.length} sha256digest=${content}`;
    });
    assert.deepEqual(lines, expected);
  });

  test('of a directory come before those that follow it in its parent', () => {
    using scratch = scratchDirectory();
    for (const path of ['a', 'a/x', 'ab', 'a-b', 'a.b', 'a\x80', 'B']) {
      mkdirSync(bytes(`${scratch.path}/${path}`));
    }
    const paths = digestDirectory(scratch.path).lines.map((line) => line.split(' ')[0]);
    assert.deepEqual(paths, ['./B', './a', './a/x', './a-b', './a.b', './ab', './a\\200']);
  });

  test('may make paths longer than PATH_MAX, thousands of directories deep', () => {
    using scratch = scratchDirectory();
    const depth = 3000;
    const before = process.cwd();
    try {
      process.chdir(scratch.path);
      for (let level = 0; level < depth; level++) {
        mkdirSync('dir');
        writeFileSync('file', 'x');
        process.chdir('dir');
      }
    } finally {
      process.chdir(before);
    }
    const { entries, lines } = digestDirectory(scratch.path);
    assert.equal(entries, 2 * depth);
    assert.match(lines.at(-1) ?? '', /^\.\/file type=file mode=0644 uid=0 gid=0 size=1 /);
    assert.equal(
      lines[depth - 1],
      `./${'dir/'.repeat(depth - 1)}dir type=dir mode=0755 uid=0 gid=0`,
    );
  });
});
