import assert from 'node:assert/strict';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';

import type { RootfsQuestion } from './measure-rootfs.ts';
import { mountIdMapped, shifted } from './scratch-idmap.fixture.ts';
import { digestOf, run, Scratch } from './scratch-overlay.fixture.ts';

const image = {
  'etc/passwd': 'root:x:0:0:root:/root:/bin/sh\napp:x:1234:1234::/:/bin/sh\n',
  'etc/group': 'root:x:0:\n',
  'usr/share/zoneinfo/Europe/Berlin': 'zone',
  'usr/share/zoneinfo/posix/': undefined,
  'srv/kept': 'kept',
  'run/': undefined,
};

type Change = (merged: string) => void;
type Choice = Partial<RootfsQuestion>;

/** Whether the upper directory is pristine after `change`. The image is `entries`, and always told as it is. */
function isPristine(change: Change, choice: Choice = {}, entries: object = image): boolean {
  using scratch = new Scratch();
  const lower = scratch.tree('lower', { ...entries });
  const merged = scratch.overlay([lower]);
  change(merged);
  const { view, rootfs, writable } = scratch.measure(merged, choice);
  assert.deepEqual([view, rootfs, writable.length], ['overlay', digestOf(lower), 1]);
  assert.match(writable[0] ?? '', /^(pristine|sha256:[0-9a-f]{64})$/);
  return writable[0] === 'pristine';
}

const directory = (path: string, mode = 0o755, uid = 0, gid = 0): void => {
  mkdirSync(path, { recursive: true });
  chmodSync(path, mode);
  chownSync(path, uid, gid);
};

const user = { uid: 1001, gid: 1002 };

describe('a working directory that the image has not', () => {
  const choice = { cwd: '/srv/a/b', user };

  test('is pristine, root’s as Docker makes it or the user’s as podman does', () => {
    assert.ok(isPristine((merged) => directory(`${merged}/srv/a/b`), choice));
    assert.ok(isPristine((merged) => directory(`${merged}/srv/a/b`, 0o755, 1001, 1002), choice));
  });

  test('is found where links in the image lead', () => {
    const withLink = (merged: string) => directory(`${merged}/run/app`);
    using scratch = new Scratch();
    const lower = scratch.tree('lower', { ...image, 'var/': undefined });
    symlinkSync('/run', `${lower}/var/run`);
    const merged = scratch.overlay([lower]);
    withLink(merged);
    assert.deepEqual(scratch.measure(merged, { cwd: '/var/run/app' }).writable, ['pristine']);
  });

  const changes: Record<string, Change> = {
    'has something in it': (merged) => {
      directory(`${merged}/srv/a/b`);
      writeFileSync(`${merged}/srv/a/b/planted`, '');
    },
    'has a neighbour': (merged) => {
      directory(`${merged}/srv/a/b`);
      directory(`${merged}/srv/a/c`);
    },
    'may be written to by others': (merged) => directory(`${merged}/srv/a/b`, 0o777),
    'has the set-group-ID bit': (merged) => directory(`${merged}/srv/a/b`, 0o2755),
    'is somebody else’s': (merged) => directory(`${merged}/srv/a/b`, 0o755, 1002, 1002),
    'is another group’s': (merged) => directory(`${merged}/srv/a/b`, 0o755, 1001, 1001),
    'lies in a directory of the user’s': (merged) => {
      directory(`${merged}/srv/a`, 0o755, 1001, 1002);
      directory(`${merged}/srv/a/b`);
    },
    'is a file': (merged) => {
      directory(`${merged}/srv/a`);
      writeFileSync(`${merged}/srv/a/b`, '');
    },
    'is a link': (merged) => {
      directory(`${merged}/srv/a`);
      symlinkSync('/etc', `${merged}/srv/a/b`);
    },
    'takes the place of a directory of the image': (merged) => {
      rmSync(`${merged}/srv`, { recursive: true });
      directory(`${merged}/srv/a/b`);
    },
    'has an ACL': (merged) => {
      directory(`${merged}/srv/a/b`);
      run('setfacl', '-m', 'u:7:rwx', `${merged}/srv/a/b`);
    },
  };
  for (const [title, change] of Object.entries(changes))
    test(`is measured when it ${title}`, () => {
      assert.ok(!isPristine(change, choice));
    });

  test('explains nothing when the container works elsewhere', () => {
    assert.ok(!isPristine((merged) => directory(`${merged}/srv/a/b`), { cwd: '/srv/a', user }));
  });

  test('that the image has is not given to the user', () => {
    const given = (merged: string) => chownSync(`${merged}/srv`, 1001, 1002);
    assert.ok(!isPristine(given, { cwd: '/srv', user }));
  });
});

describe('a time zone', () => {
  const link = (target: string) => (merged: string) => {
    rmSync(`${merged}/etc/localtime`, { force: true });
    symlinkSync(target, `${merged}/etc/localtime`);
  };
  const zoned = { ...image, 'etc/localtime': 'the image’s own' };

  test('is pristine as a link to one of the image’s, also in the place of its own', () => {
    const berlin = link('../usr/share/zoneinfo/Europe/Berlin');
    assert.ok(isPristine(berlin));
    assert.ok(isPristine(berlin, {}, zoned));
  });

  test('is pristine as an empty file with a mount on it, also in the place of the image’s own', () => {
    const mountDestinations = ['/etc/localtime'];
    const remade = (merged: string) => {
      rmSync(`${merged}/etc/localtime`);
      writeFileSync(`${merged}/etc/localtime`, '');
    };
    assert.ok(isPristine(remade, { mountDestinations }, zoned));
    assert.ok(!isPristine(remade, {}, zoned));
  });

  for (const target of [
    '../usr/share/zoneinfo/Mars/Base',
    '../usr/share/zoneinfo/../../../etc/passwd',
    '../usr/share/zoneinfo/./Europe/Berlin',
    '../usr/share/zoneinfo//Europe/Berlin',
    '../usr/share/zoneinfo/posix',
    '../usr/share/zoneinfo/',
    '/usr/share/zoneinfo/Europe/Berlin',
    '../../usr/share/zoneinfo/Europe/Berlin',
    '../etc/passwd',
    'passwd',
  ])
    test(`is measured as a link to ${target}`, () => {
      assert.ok(!isPristine(link(target)));
      assert.ok(!isPristine(link(target), {}, zoned));
    });

  test('is measured as a link of another user’s, as a file, and when it is taken away', () => {
    const others = (merged: string) => {
      link('../usr/share/zoneinfo/Europe/Berlin')(merged);
      run('chown', '-h', '7', `${merged}/etc/localtime`);
    };
    assert.ok(!isPristine(others));
    assert.ok(!isPristine((merged) => writeFileSync(`${merged}/etc/localtime`, 'x')));
    assert.ok(!isPristine((merged) => rmSync(`${merged}/etc/localtime`), {}, zoned));
  });
});

describe('podman’s account files', () => {
  const nameless = { 'usr/bin/sh': 'sh' };
  const file =
    (name: string, text: string, mode: number, uid = 0) =>
    (merged: string) => {
      mkdirSync(`${merged}/etc`, { recursive: true });
      writeFileSync(`${merged}/etc/${name}`, text);
      chmodSync(`${merged}/etc/${name}`, mode);
      chownSync(`${merged}/etc/${name}`, uid, 0);
    };
  const append = (name: string, text: string) => (merged: string) =>
    appendFileSync(`${merged}/etc/${name}`, text);
  const line = '1001:*:1001:1002:container user:/:/bin/sh\n';

  test('are pristine where the image has none, root’s alone', () => {
    assert.ok(isPristine(file('passwd', line, 0o600), { user }, nameless));
    assert.ok(isPristine(file('group', '1002:x:1002:1001\n', 0o600), { user }, nameless));
  });

  test('are measured with another mode, another owner or another line', () => {
    assert.ok(!isPristine(file('passwd', line, 0o644), { user }, nameless));
    assert.ok(!isPristine(file('passwd', line, 0o600, 1001), { user }, nameless));
    assert.ok(!isPristine(file('passwd', `${line}${line}`, 0o600), { user }, nameless));
    assert.ok(!isPristine(file('passwd', '', 0o600), { user }, nameless));
    assert.ok(!isPristine(file('shadow', line, 0o600), { user }, nameless));
  });

  test('are measured where the image’s own was deleted for them', () => {
    const replaced = (merged: string) => {
      rmSync(`${merged}/etc/passwd`);
      file('passwd', line, 0o600)(merged);
    };
    assert.ok(!isPristine(replaced, { user }));
  });

  test('name the working directory and nothing else as home', () => {
    const at = (home: string) => append('passwd', line.replace(':/:', `:${home}:`));
    assert.ok(isPristine(at('/srv/é'), { user, cwd: '/srv/é' }));
    assert.ok(!isPristine(at('/srv'), { user }));
    assert.ok(!isPristine(at('/a:b'), { user, cwd: '/a:b' }));
    assert.ok(!isPristine(at('/\nx::0:0::/'), { user, cwd: '/\nx::0:0::/' }));
  });

  test('may have the host’s name and comment for the number, and no other', () => {
    const readHostPasswd = () =>
      'root:x:0:0:root:/:/bin/sh\nann:x:1001:7:Ann B.,Room 5,,:/home:/x\n';
    const named = append('passwd', 'ann:*:1001:1002:Ann B.:/:/bin/sh\n');
    assert.ok(isPristine(named, { user, readHostPasswd }));
    assert.ok(isPristine(append('passwd', line), { user, readHostPasswd }));
    assert.ok(!isPristine(named, { user }));
    const other = append('passwd', 'sudo:*:1001:1002:Ann B.:/:/bin/sh\n');
    assert.ok(!isPristine(other, { user, readHostPasswd }));
  });

  test('give a user without a group a line of his own number', () => {
    const own = append('group', '1001:x:1001:1001\n');
    assert.ok(isPristine(own, { user: { uid: 1001, gid: 0 } }));
    assert.ok(!isPristine(own, { user: { uid: 1002, gid: 0 } }));
  });

  test('have as a member the user by number or by the image’s name for him', () => {
    const member = (name: string) => append('group', `77:x:77:${name}\n`);
    const app = { user: { uid: 1234, gid: 77 } };
    assert.ok(isPristine(member('app'), app));
    assert.ok(isPristine(member('1234'), app));
    for (const name of ['root', 'other', '1001', 'app,root', 'app:x'])
      assert.ok(!isPristine(member(name), app), name);
  });

  test('get no line for a number that the image has under another name', () => {
    const choice = { user: { uid: 1234, gid: 0 } };
    assert.ok(!isPristine(append('passwd', '1234:*:1234:0:container user:/:/bin/sh\n'), choice));
    const root = { ...image, 'etc/group': 'wheel:x:1002:\n' };
    assert.ok(!isPristine(append('group', '1002:x:1002:1001\n'), { user }, root));
  });
});

describe('what podman leaves to the host’s root in a container with a user namespace', () => {
  const entries = { 'usr/bin/sh': 'sh', 'var/kept': '' };

  /** As podman makes it: the upper directory has the mapped root's entries, and these. */
  async function measured(change: Change, choice: Choice) {
    using scratch = new Scratch();
    const lower = scratch.tree('home/l/LINK', entries);
    const mapped = scratch.directory('home/id/mapped/0');
    await mountIdMapped(scratch.at('home'), mapped);
    const layers = ['diff', 'work'].map((name) => scratch.directory('home/id', name));
    for (const path of layers) chownSync(path, 100000, 100000);
    const options = `lowerdir=${mapped}/l/LINK,upperdir=${layers[0]},workdir=${layers[1]}`;
    const merged = scratch.directory('home/id/merged');
    run('mount', '-t', 'overlay', 'overlay', '-o', options, merged);
    run('umount', '-l', mapped);
    change(merged);
    const found = scratch.measure(merged, { idMappings: shifted, ...choice });
    assert.deepEqual([found.view, found.rootfs], ['overlay', digestOf(lower)]);
    return found.writable;
  }

  test('is pristine: the working directory, with the user’s number of the host, and what is above', async () => {
    const made = (merged: string) => {
      directory(`${merged}/srv`);
      directory(`${merged}/srv/work`, 0o755, 1001, 1002);
    };
    assert.deepEqual(await measured(made, { cwd: '/srv/work', user }), ['pristine']);
  });

  test('is pristine: new account files', async () => {
    const made = (merged: string) => {
      directory(`${merged}/etc`, 0o755, 100000, 100000);
      writeFileSync(`${merged}/etc/group`, '1002:x:1002:1001\n', { mode: 0o600 });
    };
    assert.deepEqual(await measured(made, { user }), ['pristine']);
  });

  test('is the mapped root’s own elsewhere', async () => {
    const made = (merged: string) => directory(`${merged}/proc`, 0o755, 100000, 100000);
    assert.deepEqual(await measured(made, { mountDestinations: ['/proc'] }), ['pristine']);
  });

  for (const [title, made] of [
    ['a mount point', (merged: string) => directory(`${merged}/proc`)],
    ['the working directory', (merged: string) => directory(`${merged}/srv`, 0o755, 7, 7)],
    ['a file', (merged: string) => writeFileSync(`${merged}/planted`, '')],
    ['a mount point that is a file', (merged: string) => writeFileSync(`${merged}/hosts`, '')],
    ['the mark of a file that was deleted', (merged: string) => rmSync(`${merged}/usr/bin/sh`)],
  ] as const)
    test(`is measured, with the host’s ids, as anything else: ${title}`, async () => {
      const choice = { cwd: '/srv', user, mountDestinations: ['/proc', '/hosts'] };
      const [writable, ...others] = await measured(made, choice);
      assert.match(writable ?? '', /^sha256:[0-9a-f]{64}$/);
      assert.deepEqual(others, []);
    });

  test('is looked for under short names in no other container', () => {
    using scratch = new Scratch();
    const [upper, work] = ['diff', 'work'].map((name) => scratch.directory('home/id', name));
    const merged = scratch.directory('home/id/merged');
    const mapped = scratch.tree('home/id/mapped/0/l/LINK', entries);
    const layers = `lowerdir=${mapped},upperdir=${upper},workdir=${work}`;
    run('mount', '-t', 'overlay', 'overlay', '-o', layers, merged);
    renameSync(mapped, scratch.at('elsewhere'));
    scratch.tree('home/l/LINK', { 'usr/bin/sh': 'EVIL' });
    assert.equal(scratch.measure(merged).rootfs, digestOf(scratch.at('elsewhere')));
  });
});
