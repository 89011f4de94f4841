import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';

import { readNames } from '#digest/lookup';
import { openBelievedDirectory } from './believed-directory.ts';
import { Scratch } from './scratch-overlay.fixture.ts';

const refused = { name: 'HookError', code: 'rootfs' };

function namesAt(path: string): string[] | undefined {
  using root = openBelievedDirectory(Buffer.from(path).toString('latin1'));
  return root && readNames(root, '');
}

describe('openBelievedDirectory', () => {
  test('the directory itself may be anybody’s: its mode and owner are the image’s', () => {
    using scratch = new Scratch();
    const path = scratch.tree('layer', { file: '' });
    chownSync(path, 1000, 1000);
    chmodSync(path, 0o777);
    assert.deepEqual(namesAt(path), ['file']);
  });

  for (const mode of [0o777, 0o1777, 0o757, 0o702])
    test(`a directory below one that anybody may write to is not believed (${mode.toString(8)})`, () => {
      using scratch = new Scratch();
      const path = scratch.directory('shared', 'layer', 'diff');
      chmodSync(scratch.at('shared'), mode);
      assert.throws(() => namesAt(path), refused);
    });

  test('a directory below one of another user or a group’s is not believed', () => {
    using scratch = new Scratch();
    const path = scratch.directory('theirs', 'layer');
    chownSync(scratch.at('theirs'), 1000, 0);
    assert.throws(() => namesAt(path), refused);
    chownSync(scratch.at('theirs'), 0, 1000);
    chmodSync(scratch.at('theirs'), 0o775);
    assert.throws(() => namesAt(path), refused);
    chmodSync(scratch.at('theirs'), 0o755);
    assert.deepEqual(namesAt(path), []);
  });

  test('/tmp is not believed, sticky as it is', () => {
    const path = `/tmp/oci-measure-${process.pid}`;
    mkdirSync(path);
    try {
      assert.throws(() => namesAt(path), refused);
    } finally {
      rmdirSync(path);
    }
  });

  test('what is gone is told apart from what is not believed', () => {
    using scratch = new Scratch();
    scratch.tree('t', { file: '' });
    for (const path of ['missing', 'missing/below', 't/file', 't/file/below'])
      assert.equal(namesAt(scratch.at(path)), undefined);
    assert.equal(namesAt('/tmp/oci-measure-nothing/here'), undefined);
  });

  test('links on the way are followed, relative and absolute ones', () => {
    using scratch = new Scratch();
    scratch.tree('home/ID/diff', { file: '' });
    scratch.directory('home', 'l');
    symlinkSync('../ID/diff', scratch.at('home/l/SHORT'));
    symlinkSync(scratch.at('home/l'), scratch.at('absolute'));
    assert.deepEqual(namesAt(scratch.at('home/l/SHORT')), ['file']);
    assert.deepEqual(namesAt(`${scratch.path}/absolute/SHORT/../diff`), ['file']);
  });

  test('a link through a place that anybody may write to is not believed', () => {
    using scratch = new Scratch();
    scratch.directory('good', 'layer');
    scratch.directory('open');
    symlinkSync(scratch.at('good/layer'), scratch.at('open/link'));
    symlinkSync(scratch.at('open/link'), scratch.at('way'));
    assert.deepEqual(namesAt(scratch.at('way')), []);
    chmodSync(scratch.at('open'), 0o1777);
    assert.throws(() => namesAt(scratch.at('way')), refused);
  });

  test('a loop of links ends', () => {
    using scratch = new Scratch();
    symlinkSync('b', scratch.at('a'));
    symlinkSync('a', scratch.at('b'));
    assert.throws(() => namesAt(scratch.at('a')), refused);
  });

  test('more `..` than directories end at the root', () => {
    assert.ok(namesAt('/../../..')?.includes('proc'));
  });

  test('a relative path is not believed', () => {
    for (const path of ['', 'var', './var']) assert.throws(() => namesAt(path), refused);
  });

  test('what is opened stays what it was when its name is given to another', () => {
    using scratch = new Scratch();
    using root = openBelievedDirectory(scratch.tree('layer', { good: '' }));
    assert.ok(root);
    renameSync(scratch.at('layer'), scratch.at('old'));
    writeFileSync(`${scratch.directory('layer')}/evil`, '');
    assert.deepEqual(readNames(root, ''), ['good']);
  });
});
