import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  linkSync,
  mkdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';

import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const image = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'etc/ssl/ca': 'ca',
  'usr/bin/sh': 'sh',
  'run/': undefined,
  'data/kept': 'kept',
};

/** What `writable` says of the upper directory after `change` was made in the mounted container. */
function writableAfter(
  change: (merged: string) => void,
  more: Parameters<Scratch['measure']>[1] & { options?: string[] } = {},
): string {
  using scratch = new Scratch();
  const lower = scratch.tree('lower', image);
  symlinkSync('/run', `${scratch.directory('lower', 'var')}/run`);
  const { options = [], ...question } = more;
  const merged = scratch.overlay([lower], options);
  change(merged);
  const found = scratch.measure(merged, question);
  assert.equal(found.view, 'overlay');
  assert.equal(found.rootfs, digestOf(lower));
  assert.equal(found.writable.length, 1);
  return found.writable[0] ?? '';
}

const isPristine = (...parameters: Parameters<typeof writableAfter>) => {
  const writable = writableAfter(...parameters);
  assert.match(writable, /^(pristine|sha256:[0-9a-f]{64})$/);
  return writable === 'pristine';
};

const directory = (path: string, mode = 0o755) => {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
};
const file = (path: string, mode = 0o644) => {
  writeFileSync(path, '');
  chmodSync(path, mode);
};

describe('a pristine writable layer', () => {
  test('is empty', () => {
    assert.ok(isPristine(() => {}));
  });

  test('holds the mount points that runc makes, with their parents', () => {
    const made = (merged: string) => {
      for (const path of ['proc', 'mnt', 'mnt/a', 'run/secrets']) directory(`${merged}/${path}`);
      file(`${merged}/etc/hosts`, 0o755);
      file(`${merged}/run/secrets/token`);
    };
    const mountDestinations = ['/proc', '/mnt/a', '/etc/hosts', '/var/run/secrets/token'];
    assert.ok(isPristine(made, { mountDestinations }));
  });

  test('holds the mount points that crun makes', () => {
    const made = (merged: string) => {
      for (const path of ['mnt', 'mnt/a']) directory(`${merged}/${path}`, 0o1755);
      file(`${merged}/etc/hosts`, 0o700);
    };
    assert.ok(isPristine(made, { mountDestinations: ['/mnt/a', '/etc/hosts'] }));
  });

  for (const options of [['index=on'], ['metacopy=on'], ['xino=on']])
    test(`holds new directories although overlayfs marks them opaque (${options.join()})`, () => {
      const made = (merged: string) => directory(`${merged}/mnt/a`);
      assert.ok(isPristine(made, { options, mountDestinations: ['/mnt/a'] }));
    });

  test('holds a directory that was copied up as it was', () => {
    const touched = (merged: string) => run('touch', `${merged}/etc`);
    assert.ok(isPristine(touched, { mountDestinations: ['/etc/hosts'] }));
  });

  test('holds podman’s link to the mounts where the image has none', () => {
    assert.ok(isPristine((merged) => symlinkSync('/proc/mounts', `${merged}/etc/mtab`)));
  });
});

describe('the root of a pristine writable layer', () => {
  test('is 0755 or 0555, as engines make it', () => {
    assert.ok(isPristine((merged) => chmodSync(merged, 0o555)));
  });

  test('may have the mode and the owner that the image’s topmost layer has, as podman makes it', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { 'usr/bin/sh': 'sh' });
    const merged = scratch.overlay([lower]);
    for (const path of [lower, merged]) {
      chownSync(path, 7, 7);
      chmodSync(path, 0o1777);
    }
    assert.deepEqual(scratch.measure(merged).writable, ['pristine']);
    chmodSync(merged, 0o777);
    assert.match(scratch.measure(merged).writable[0] ?? '', /^sha256:/);
  });
});

describe('a writable layer is not pristine', () => {
  const changes: Record<
    string,
    [change: (merged: string) => void, ...mountDestinations: string[]]
  > = {
    'with a planted file': [(merged) => writeFileSync(`${merged}/usr/bin/evil`, 'x')],
    'with an empty file that no mount explains': [(merged) => file(`${merged}/etc/nologin`)],
    'with an empty directory that no mount explains': [(merged) => directory(`${merged}/srv`)],
    'with a mount point that has content': [
      (merged) => writeFileSync(`${merged}/etc/hosts`, '127.0.0.1'),
      '/etc/hosts',
    ],
    'with something inside a mount point': [(merged) => directory(`${merged}/mnt/inside`), '/mnt'],
    'with a file where a parent has to be': [(merged) => file(`${merged}/mnt`), '/mnt/a'],
    'with a link as a mount point': [(merged) => symlinkSync('/usr', `${merged}/mnt`), '/mnt'],
    'with a mount point that others may write to': [
      (merged) => directory(`${merged}/mnt`, 0o777),
      '/mnt',
    ],
    'with a setuid mount point': [(merged) => file(`${merged}/mnt`, 0o4755), '/mnt'],
    'with a mount point of another user': [
      (merged) => {
        directory(`${merged}/mnt`);
        chownSync(`${merged}/mnt`, 1000, 1000);
      },
      '/mnt',
    ],
    'with capabilities on a mount point': [
      (merged) => {
        file(`${merged}/mnt`, 0o755);
        run('setcap', 'cap_net_raw+ep', `${merged}/mnt`);
      },
      '/mnt',
    ],
    'after the mode of a directory changed': [
      (merged) => chmodSync(`${merged}/etc`, 0o777),
      '/etc/hosts',
    ],
    'after the owner of a directory changed': [
      (merged) => chownSync(`${merged}/etc`, 0, 7),
      '/etc/hosts',
    ],
    'after the ACL of a directory changed': [
      (merged) => run('setfacl', '-m', 'u:1000:rwx', `${merged}/etc`),
      '/etc/hosts',
    ],
    'after everybody was let write into the root': [(merged) => chmodSync(merged, 0o777)],
    'after the root was made sticky and for everybody': [(merged) => chmodSync(merged, 0o1777)],
    'after the root was given away': [(merged) => chownSync(merged, 1000, 1000)],
    'after the root was given to a group': [(merged) => chownSync(merged, 0, 7)],
    'after the root got an ACL': [(merged) => run('setfacl', '-m', 'u:1000:rwx', merged)],
    'after a file of the image was deleted': [
      (merged) => rmSync(`${merged}/etc/ssl/ca`),
      '/etc/ssl/ca',
    ],
    'after a file of the image was emptied': [
      (merged) => file(`${merged}/etc/ssl/ca`),
      '/etc/ssl/ca',
    ],
    'after a directory was replaced by an empty one': [
      (merged) => {
        rmSync(`${merged}/data`, { recursive: true });
        directory(`${merged}/data`);
      },
      '/data',
    ],
    'after a parent was replaced': [
      (merged) => {
        rmSync(`${merged}/etc`, { recursive: true });
        directory(`${merged}/etc`);
        file(`${merged}/etc/hosts`);
      },
      '/etc/hosts',
    ],
    'after a directory was replaced by a file': [
      (merged) => {
        rmSync(`${merged}/data`, { recursive: true });
        file(`${merged}/data`);
      },
      '/data',
    ],
    'with a device': [(merged) => run('mknod', `${merged}/mnt`, 'c', '1', '3'), '/mnt'],
    'with a fifo': [(merged) => run('mkfifo', `${merged}/mnt`), '/mnt'],
    'with another link to a file of the image': [
      (merged) => linkSync(`${merged}/usr/bin/sh`, `${merged}/mnt`),
      '/mnt',
    ],
    'with a link to the mounts at another place': [
      (merged) => symlinkSync('/proc/mounts', `${merged}/etc/motd`),
    ],
    'with another link than podman’s': [
      (merged) => symlinkSync('/proc/self/mounts', `${merged}/etc/mtab`),
    ],
  };
  for (const [title, [change, ...mountDestinations]] of Object.entries(changes))
    test(title, () => {
      assert.ok(!isPristine(change, { mountDestinations }));
    });

  test('after a directory was renamed, with redirects or without', () => {
    for (const options of [['redirect_dir=on'], ['redirect_dir=off']])
      assert.ok(
        !isPristine((merged) => run('mv', `${merged}/data`, `${merged}/mnt`), {
          options,
          mountDestinations: ['/mnt', '/data'],
        }),
      );
  });

  test('with a file that is a whiteout by attribute', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', image);
    file(`${scratch.directory('upper', 'data')}/kept`);
    run('setfattr', '-n', 'trusted.overlay.opaque', '-v', 'x', scratch.at('upper/data'));
    run('setfattr', '-n', 'trusted.overlay.whiteout', '-v', 'y', scratch.at('upper/data/kept'));
    const merged = scratch.overlay([lower]);
    const { writable } = scratch.measure(merged, { mountDestinations: ['/data/kept'] });
    assert.match(writable[0] ?? '', /^sha256:/);
  });

  test('and two that differ in an opaque directory alone have different digests', () => {
    const remade = (merged: string) => {
      rmSync(`${merged}/data`, { recursive: true });
      directory(`${merged}/data`);
    };
    const touched = (merged: string) => run('touch', `${merged}/data`);
    assert.notEqual(writableAfter(remade), writableAfter(touched));
  });
});

describe('podman’s line in passwd or group', () => {
  const user = { uid: 1001, gid: 1001 };
  const append = (name: string, text: string) => (merged: string) =>
    writeFileSync(`${merged}/etc/${name}`, text, { flag: 'a' });
  const passwd = '1001:*:1001:1001:container user:/home/x:/bin/sh\n';

  test('is pristine when it is the user’s', () => {
    assert.ok(isPristine(append('passwd', passwd), { user, cwd: '/home/x' }));
    assert.ok(
      isPristine(append('passwd', '1001:*:1001:1001:container user:/:/bin/sh\n'), { user }),
    );
    assert.ok(isPristine(append('group', '1001:x:1001:1001\n'), { user }));
    assert.ok(isPristine(append('group', '1001:x:1001:\n'), { user }));
  });

  test('may have group 0, which is what podman gives a user without one', () => {
    const line = '1001:*:1001:0:container user:/:/bin/sh\n';
    assert.ok(isPristine(append('passwd', line), { user: { uid: 1001, gid: 0 } }));
  });

  const lines: Record<string, [name: string, text: string, user?: { uid: number; gid: number }]> = {
    'gives root another name': ['passwd', passwd.replaceAll('1001', '0'), { uid: 0, gid: 0 }],
    'gives another user': ['passwd', passwd.replaceAll('1001', '1002')],
    'gives the user’s name the id 0': ['passwd', '1001:*:0:0:container user:/:/bin/sh\n'],
    'gives the user group 0 that is not his': [
      'passwd',
      '1001:*:1001:0:container user:/:/bin/sh\n',
    ],
    'is followed by a second': ['passwd', `${passwd}x:*:0:0:container user:/:/bin/sh\n`],
    'is followed by an empty line and a second': [
      'passwd',
      `${passwd}\nx:*:0:0:container user:/:/bin/sh\n`,
    ],
    'comes twice': ['passwd', passwd + passwd],
    'hides a second line in the home directory': [
      'passwd',
      '1001:*:1001:1001:container user:/\nx::0:0:x:/:/bin/sh\n',
    ],
    'has more fields': ['passwd', '1001:*:1001:1001:container user:/:x:/bin/sh\n'],
    'has an empty password': ['passwd', passwd.replace('*', '')],
    'has another shell': ['passwd', passwd.replace('/bin/sh', '/evil')],
    'does not end': ['passwd', passwd.trimEnd()],
    'has an empty line before it': ['passwd', `\n${passwd}`],
    'makes a group 0': ['group', '0:x:0:\n', { uid: 1001, gid: 0 }],
    'makes another group': ['group', '1002:x:1002:\n'],
    'adds several members': ['group', '1001:x:1001:a,b\n'],
    'is in another file': ['shadow', passwd],
  };
  for (const [title, [name, text, as = user]] of Object.entries(lines))
    test(`is not pristine when it ${title}`, () => {
      assert.ok(!isPristine(append(name, text), { user: as, cwd: '/home/x' }));
    });

  test('is not pristine when a line before it changed, or the file’s mode, or its owner', () => {
    const path = (merged: string) => `${merged}/etc/passwd`;
    const changed = image['etc/passwd'].replace(':x:', '::') + passwd;
    assert.ok(!isPristine((merged) => writeFileSync(path(merged), changed), { user }));
    for (const also of [
      (at: string) => chmodSync(at, 0o666),
      (at: string) => chownSync(at, 1001, 0),
    ])
      assert.ok(
        !isPristine(
          (merged) => {
            append('passwd', passwd)(merged);
            also(path(merged));
          },
          { user },
        ),
      );
  });

  test('is not pristine when the image has a user of that name', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', {
      'etc/passwd': 'root:x:0:0::/:/bin/sh\n1001:x:0:0::/:/bin/sh\n',
    });
    const merged = scratch.overlay([lower]);
    append('passwd', passwd)(merged);
    assert.match(scratch.measure(merged, { user }).writable[0] ?? '', /^sha256:/);
  });

  test('is not pristine when the image’s file does not end in a newline', () => {
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { 'etc/passwd': 'root:x:0:0::/:/bin/sh' });
    const merged = scratch.overlay([lower]);
    append('passwd', passwd)(merged);
    assert.match(scratch.measure(merged, { user }).writable[0] ?? '', /^sha256:/);
  });
});
