import assert from 'node:assert/strict';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { openList, openSecurityfs } from './list-file.ts';
import { run } from './records.fixture.ts';

const HOME = '/var/lib/oci-measure-test';

class Scratch implements Disposable {
  readonly path: string;
  constructor() {
    mkdirSync(HOME, { recursive: true });
    this.path = mkdtempSync(join(HOME, 'lists-'));
  }
  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}

describe('securityfs', () => {
  it('is mounted privately where the usual place has something else', () => {
    using scratch = new Scratch();
    const before = readFileSync('/proc/self/mountinfo', 'latin1');
    using own = openSecurityfs(scratch.path);
    assert.ok(own);
    assert.notEqual(own.path, scratch.path);
    assert.ok(readdirSync(own.path).includes('lsm'));
    assert.equal(readFileSync('/proc/self/mountinfo', 'latin1'), before);
  });

  it('is mounted privately where there is no usual place', () => {
    using own = openSecurityfs('/no/such/place');
    assert.ok(own && readdirSync(own.path).includes('lsm'));
  });

  it('is taken from its usual place where it is mounted', () => {
    using scratch = new Scratch();
    run('mount', '-t', 'securityfs', 'securityfs', scratch.path);
    try {
      using there = openSecurityfs(scratch.path);
      assert.equal(there?.path, scratch.path);
    } finally {
      run('umount', scratch.path);
    }
  });
});

describe('the list', () => {
  it('is absent where there is no IMA', async () => {
    using scratch = new Scratch();
    assert.equal(await openList(join(scratch.path, 'ima')), undefined);
    assert.equal(await openList(scratch.path), undefined);
  });

  it('is the one with SHA-256 template digests where there are several', async () => {
    using scratch = new Scratch();
    const name = 'binary_runtime_measurements';
    for (const hash of ['sha1', 'sha256']) writeFileSync(join(scratch.path, `${name}_${hash}`), '');
    symlinkSync(`${name}_sha1`, join(scratch.path, name));
    using list = await openList(scratch.path);
    assert.deepEqual([list?.name, list?.digestBytes], [`${name}_sha256`, 32]);
  });

  it('tells its algorithm by what it is a link to, and is by SHA-1 otherwise', async () => {
    for (const [target, bytes] of [
      ['sha512', 64],
      ['sha1', 20],
      [undefined, 20],
    ] as const) {
      using scratch = new Scratch();
      const name = 'binary_runtime_measurements';
      if (target === undefined) writeFileSync(join(scratch.path, name), '');
      else {
        writeFileSync(join(scratch.path, `${name}_${target}`), '');
        symlinkSync(`${name}_${target}`, join(scratch.path, name));
      }
      using list = await openList(scratch.path);
      assert.deepEqual([list?.name, list?.digestBytes], [name, bytes]);
    }
  });

  it('that cannot be read is an error', async () => {
    using scratch = new Scratch();
    mkdirSync(join(scratch.path, 'binary_runtime_measurements'));
    using list = await openList(scratch.path);
    assert.throws(
      () => list?.read(0, new Uint8Array(1)),
      /"binary_runtime_measurements" cannot be read: EISDIR/,
    );
  });
});
