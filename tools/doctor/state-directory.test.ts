import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { checkStateDirectory } from './state-directory.ts';

const base = '/var/lib/oci-measure-test';
let home: string;
let state: string;

before(() => {
  mkdirSync(base, { recursive: true });
  home = mkdtempSync(join(base, 'state-'));
  state = join(home, 'state');
});
beforeEach(() => {
  rmSync(state, { recursive: true, force: true });
  mkdirSync(state, { mode: 0o700 });
});
after(() => rmSync(home, { recursive: true }));

function mounted(options: string, then: () => void): void {
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'state', state]);
  try {
    then();
  } finally {
    execFileSync('umount', [state]);
  }
}

describe('checkStateDirectory', () => {
  test('a directory of root is ok', () => {
    assert.deepEqual(
      checkStateDirectory(state).map(({ status }) => status),
      ['ok'],
    );
  });

  test('one that is not there yet is ok where the hook can make it', () => {
    const [finding] = checkStateDirectory(join(state, 'a', 'b'));
    assert.equal(finding?.status, 'ok');
    assert.match(finding.found, /is not there yet: the first container makes it/);
  });

  test('one that is not there yet below a directory of others is a problem', () => {
    chmodSync(state, 0o777);
    const [finding] = checkStateDirectory(join(state, 'a'));
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /state" is writable by others \(mode 0777\)/);
  });

  const planted: readonly (readonly [title: string, plant: () => void, found: RegExp])[] = [
    ['a directory that others write', () => chmodSync(state, 0o777), /is writable by others/],
    ['a directory of another user', () => chownSync(state, 1000, 0), /belongs to user 1000/],
    [
      'a file',
      () => {
        rmSync(state, { recursive: true });
        writeFileSync(state, '');
      },
      /is not a directory/,
    ],
    [
      'a link, though to a directory',
      () => {
        rmSync(state, { recursive: true });
        symlinkSync(home, state);
      },
      /is not a directory/,
    ],
    [
      'a dangling link',
      () => {
        rmSync(state, { recursive: true });
        symlinkSync('nowhere', state);
      },
      /is not a directory/,
    ],
  ];
  for (const [title, plant, found] of planted) {
    test(`${title} is a problem with a mend`, () => {
      plant();
      const [finding, ...others] = checkStateDirectory(state);
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, found);
      assert.notEqual(finding.mend ?? '', '');
      assert.deepEqual(others, []);
    });
  }

  test('a read-only filesystem is a problem', () => {
    mounted('ro,mode=700,size=100m', () => {
      assert.match(checkStateDirectory(state)[0]?.found ?? '', /is on a read-only filesystem/);
    });
  });

  test('little room is a warning, and none a problem', () => {
    mounted('mode=700,size=32m', () => {
      assert.equal(checkStateDirectory(state)[0]?.status, 'warning');
    });
    mounted('mode=700,size=1m', () => {
      assert.equal(checkStateDirectory(state)[0]?.status, 'problem');
    });
  });

  test('no inodes left is a problem', () => {
    mounted('mode=700,size=100m,nr_inodes=4', () => {
      assert.match(checkStateDirectory(state)[0]?.found ?? '', /has \d+ inodes left/);
    });
  });
});
