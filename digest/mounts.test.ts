import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { digestDirectory, MS_BIND, scratchDirectory } from './tree.fixture.ts';

/** A tree with each kind of mount in it: a tmpfs, and bind mounts of its own file system over a directory and a file. */
function treeWithMounts(scratch: ReturnType<typeof scratchDirectory>): string {
  const tree = `${scratch.path}/tree`;
  for (const name of ['a', 'bind', 'tmpfs', 'z']) mkdirSync(`${tree}/${name}`, { recursive: true });
  writeFileSync(`${tree}/file`, 'covered');
  writeFileSync(`${tree}/z/own`, 'own');
  writeFileSync(`${scratch.path}/other`, 'other');
  mkdirSync(`${scratch.path}/outside`);
  writeFileSync(`${scratch.path}/outside/secret`, 'secret');
  scratch.mount(`${tree}/tmpfs`, { type: 'tmpfs' });
  writeFileSync(`${tree}/tmpfs/inside`, 'inside');
  scratch.mount(`${tree}/bind`, { source: `${scratch.path}/outside`, flags: MS_BIND });
  scratch.mount(`${tree}/file`, { source: `${scratch.path}/other`, flags: MS_BIND });
  return tree;
}

describe('another mount in the tree', () => {
  for (const kind of ['bind', 'file', 'tmpfs']) {
    test(`is refused: ${kind}`, () => {
      using scratch = scratchDirectory();
      const tree = treeWithMounts(scratch);
      const others = ['bind', 'file', 'tmpfs'].filter((name) => name !== kind);
      assert.throws(() => digestDirectory(tree, { without: new Set(others) }), {
        name: 'DigestError',
        code: 'foreign-mount',
        message: `another mount lies at "./${kind}"`,
      });
    });
  }

  test('can be left out with everything below it, and is named', () => {
    using scratch = scratchDirectory();
    const tree = treeWithMounts(scratch);
    const { lines, foreignMounts } = digestDirectory(tree, { foreignMounts: 'leave-out' });
    assert.deepEqual(foreignMounts, ['bind', 'file', 'tmpfs']);
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['./a', './z', './z/own'],
    );
  });

  test('does not matter where the root itself is a mountpoint', () => {
    using scratch = scratchDirectory();
    scratch.mount(scratch.path, { source: scratch.path, flags: MS_BIND });
    mkdirSync(`${scratch.path}/a`);
    assert.equal(digestDirectory(scratch.path).entries, 1);
  });
});

describe('paths that the caller leaves out', () => {
  test('are not listed, nor anything below them', () => {
    using scratch = scratchDirectory();
    mkdirSync(`${scratch.path}/a/b/c`, { recursive: true });
    mkdirSync(`${scratch.path}/ab`);
    const { lines } = digestDirectory(scratch.path, { without: new Set(['a/b', 'b']) });
    assert.deepEqual(
      lines.map((line) => line.split(' ')[0]),
      ['./a', './ab'],
    );
  });
});
