import assert from 'node:assert/strict';
import { chownSync, closeSync, mkdirSync, openSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HookError } from '#hook/errors';
import { openRecordFilesystem, readSuperblockUuid } from './record-filesystem.ts';
import {
  type RecordsOptions,
  run,
  type ScratchRecords,
  scratchRecords,
} from './records.fixture.ts';

function refusal(directory: string, uuid?: string): string {
  try {
    openRecordFilesystem(directory, uuid);
  } catch (thrown) {
    assert.ok(thrown instanceof HookError, String(thrown));
    assert.equal(thrown.code, 'ima');
    return thrown.message;
  }
  assert.fail('it was accepted');
}

describe('the record filesystem', () => {
  it('is ext4, wholly mounted, nosuid,nodev,noexec, and has its own UUID', () => {
    using records = scratchRecords();
    const { directory, uuid } = records;
    assert.deepEqual(openRecordFilesystem(directory, uuid.toUpperCase()), { directory, uuid });
    assert.equal(run('stat', '--format=%a %U', join(directory, 'images')), '700 root\n');
    assert.deepEqual(openRecordFilesystem(directory), { directory, uuid });
  });

  it('has the same UUID in its superblock, for kernels without the ioctl', () => {
    using records = scratchRecords();
    const fd = openSync(records.directory, 'r');
    try {
      const digits = readSuperblockUuid(fd, records.directory).toHex();
      assert.equal(digits, records.uuid.replaceAll('-', ''));
    } finally {
      closeSync(fd);
    }
  });

  it('is the topmost of what is mounted there', () => {
    using records = scratchRecords();
    run('mount', '-t', 'tmpfs', 'tmpfs', records.directory);
    assert.match(refusal(records.directory), /expected an ext4 filesystem, found "tmpfs"/);
  });
});

type Case = [
  claim: string,
  expected: RegExp,
  options: RecordsOptions,
  /** Returns the directory to look at; nothing, or no text: the mount point. */
  spoil?: (records: ScratchRecords) => string | undefined,
];

const cases: readonly Case[] = [
  ['of type ext2', /expected an ext4 filesystem, found "ext2"/, { type: 'ext2' }],
  ['without nosuid', /found a mount without nosuid$/, { options: 'nodev,noexec' }],
  ['without nodev', /found a mount without nodev$/, { options: 'nosuid,noexec' }],
  ['without any option', /without nosuid,nodev,noexec$/, { options: 'rw' }],
  ['that is read-only', /found a read-only one/, { options: 'nosuid,nodev,noexec,ro' }],
  [
    'that is remounted read-only underneath',
    /found a read-only one/,
    {},
    ({ directory, scratch }) => {
      const other = join(scratch, 'other');
      mkdirSync(other);
      run('mount', '--bind', directory, other);
      run('mount', '-o', 'remount,ro,nosuid,nodev,noexec', other);
      return undefined;
    },
  ],
  ['that is not there', /no record filesystem at .*ENOENT/, {}, () => '/var/lib/oci-measure-none'],
  [
    'that is a directory of another filesystem',
    /expected a filesystem mounted there, found a directory of another one/,
    {},
    ({ scratch }) => scratch,
  ],
  [
    'behind a symbolic link',
    /no record filesystem at .*(ENOTDIR|ELOOP)/,
    {},
    ({ directory, scratch }) => {
      run('ln', '-s', directory, join(scratch, 'link'));
      return join(scratch, 'link');
    },
  ],
  [
    'of which a part is mounted',
    /expected the whole filesystem, found its directory "\/part"/,
    {},
    ({ directory, scratch }) => {
      const [part, other] = [join(directory, 'part'), join(scratch, 'other')];
      mkdirSync(part);
      mkdirSync(other);
      run('mount', '--bind', part, other);
      run('mount', '-o', 'remount,bind,nosuid,nodev,noexec', other);
      return other;
    },
  ],
  [
    'that others may write to',
    /expected a directory that root alone can write to, found mode 0777/,
    {},
    ({ directory }) => run('chmod', '0777', directory),
  ],
  [
    "that is not root's",
    /expected a directory of root, found one of user 65521/,
    {},
    ({ directory }) => run('chown', '65521', directory),
  ],
  [
    'with a directory of records that is a file',
    /images": expected a directory, found something else/,
    {},
    ({ directory }) => run('touch', join(directory, 'images')),
  ],
  [
    "with a directory of records that is somebody else's",
    /containers": expected a directory of root, found one of user 1/,
    {},
    ({ directory }) => {
      mkdirSync(join(directory, 'containers'));
      chownSync(join(directory, 'containers'), 1, 0);
      return undefined;
    },
  ],
  [
    'with another filesystem mounted over a directory of records',
    /images": expected no other filesystem, found one mounted over it/,
    {},
    ({ directory }) => {
      mkdirSync(join(directory, 'images'));
      run('mount', '-t', 'tmpfs', 'tmpfs', join(directory, 'images'));
      return undefined;
    },
  ],
  [
    'without free inodes',
    /expected free inodes, found [0-3]$/,
    { inodes: 16 },
    ({ directory }) => {
      for (let name = 0; ; name++) {
        try {
          mkdirSync(join(directory, String(name)));
        } catch {
          return undefined;
        }
      }
    },
  ],
];

describe('a record filesystem is refused', () => {
  for (const [claim, expected, options, spoil] of cases) {
    it(claim, () => {
      using records = scratchRecords(options);
      const directory = spoil?.(records) || records.directory;
      assert.match(refusal(directory), expected);
    });
  }

  it('with another UUID than the rule has', () => {
    using records = scratchRecords();
    const other = crypto.randomUUID();
    const message = refusal(records.directory, other);
    assert.ok(message.endsWith(`expected UUID "${other}", found ${records.uuid}`), message);
  });

  it('when its directories cannot be made', () => {
    using records = scratchRecords();
    rmdirSync(join(records.directory, 'lost+found'));
    run('chattr', '+i', records.directory);
    try {
      assert.match(refusal(records.directory), /cannot make .*images.*EPERM/);
    } finally {
      run('chattr', '-i', records.directory);
    }
  });
});
