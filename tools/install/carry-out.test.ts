import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  closeSync,
  cpSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { tryLock } from '#hook/libc';
import { ToolError } from '#tools/errors';
import { makeTestDirectory } from '#tools/program.fixture';
import { carryOut, type TreeOrder } from './driven.fixture.ts';
import { hostAt } from './host.ts';
import { lockHost } from './host-lock.ts';
import { installerCases } from './installers.fixture.ts';
import { EXECUTABLE, HOOKS_DIRECTORY } from './own-places.ts';
import { filesOf, makeTree, pictureOf } from './tree.fixture.ts';

const HOOKS_FILE = `${HOOKS_DIRECTORY}/oci-measure.json`;
const RECORD = `${EXECUTABLE}.installed`;

let scratch: string;
let root: string;
let program: string;

beforeEach(() => {
  scratch = makeTestDirectory('carry-out');
  root = join(scratch, 'root');
  program = join(scratch, 'program');
  mkdirSync(root);
  writeFileSync(program, 'one version', { mode: 0o755 });
});
afterEach(() => rmSync(scratch, { recursive: true }));

async function install(engine: string, options: Partial<TreeOrder> = {}): Promise<string> {
  return await carryOut({ action: 'install', engine, root, program, ...options });
}

async function uninstall(engine: string, options: Partial<TreeOrder> = {}): Promise<string> {
  return await carryOut({ action: 'uninstall', engine, root, program, ...options });
}

function put(path: string, text: string, mode = 0o644): void {
  mkdirSync(join(root, dirname(path)), { recursive: true });
  writeFileSync(join(root, path), text);
  chmodSync(join(root, path), mode);
}

function textOf(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

const isRefused = (message: RegExp) => (error: unknown) =>
  error instanceof ToolError && error.code === 'install' && message.test(error.message);

describe('a dry run', () => {
  for (const { title, engine, ...tree } of installerCases) {
    test(`shows of ${title} what patch(1) makes the same of`, async () => {
      makeTree(root, tree);
      const before = pictureOf(root);
      const diff = await install(engine, { dryRun: true });
      assert.deepEqual(pictureOf(root), before);
      const other = join(scratch, 'other');
      cpSync(root, other, { recursive: true });
      execFileSync('patch', ['--silent', '--strip=1'], { input: diff, cwd: other });
      await install(engine);
      const installed = [...filesOf(root)].filter(
        ([path]) => path !== EXECUTABLE && !path.endsWith('.before-oci-measure'),
      );
      assert.deepEqual(filesOf(other), new Map(installed));
    });
  }
});

describe('what was installed', () => {
  test('is one file for podman and CRI-O, which stays until both are gone', async () => {
    const before = pictureOf(root);
    await install('podman');
    await install('crio');
    assert.match(await uninstall('podman'), /oci-measure\.json stays: crio needs it/);
    assert.ok(existsSync(join(root, HOOKS_FILE)) && existsSync(join(root, EXECUTABLE)));
    await uninstall('crio');
    assert.deepEqual(pictureOf(root), before);
  });

  test('can be read by whoever starts containers, whatever the umask of root', async () => {
    const umask = process.umask(0o077);
    try {
      await install('podman');
    } finally {
      process.umask(umask);
    }
    for (const path of [EXECUTABLE, HOOKS_FILE]) {
      const wanted = path === EXECUTABLE ? 0o755 : 0o644;
      assert.equal(statSync(join(root, path)).mode & 0o777, wanted);
      for (let place = dirname(path); place !== '/'; place = dirname(place)) {
        assert.equal(statSync(join(root, place)).mode & 0o777, 0o755, place);
      }
    }
  });

  test("is root's, whoever built it", async () => {
    chownSync(program, 65534, 65534);
    await install('podman');
    const { uid, gid } = statSync(join(root, EXECUTABLE));
    assert.deepEqual([uid, gid], [0, 0]);
  });

  test('is replaced by a newer version, and nothing else is done', async () => {
    await install('podman');
    writeFileSync(program, 'another version');
    assert.match(await install('podman'), /^copy \S+program to \S+oci-measure\n/);
    assert.equal(textOf(EXECUTABLE), 'another version');
    assert.equal(await install('podman'), 'nothing to do\n');
  });

  test('has the configuration that it was asked for with, and its deadline', async () => {
    await install('podman', { options: { config: '/etc/lab.toml', timeout: 42 } });
    const { hook }: { hook: unknown } = JSON.parse(textOf(HOOKS_FILE));
    assert.deepEqual(hook, {
      path: EXECUTABLE,
      args: ['oci-measure', 'hook', '--config', '/etc/lab.toml', 'createRuntime'],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      timeout: 42,
    });
  });
});

describe('a machine whose /usr is read-only, as ostree makes it', () => {
  /** In a mount namespace of its own. */
  function driveReadOnly(action: TreeOrder['action']): void {
    const driver = join(import.meta.dirname, 'install.driver.ts');
    const order = { action, engine: 'podman', root, program, steps: 1e9 };
    const script = 'mount --bind -o ro "$1/usr" "$1/usr" && shift && exec "$@"';
    const node = [process.execPath, '--disable-warning=ExperimentalWarning', driver];
    const args = ['--mount', 'sh', '-ec', script, 'sh', root, ...node, JSON.stringify(order)];
    execFileSync('unshare', args);
  }

  test('has everything where it can be written, and nothing more', () => {
    mkdirSync(join(root, 'usr'));
    mkdirSync(join(root, 'var/usrlocal'), { recursive: true });
    symlinkSync('../var/usrlocal', join(root, 'usr/local'));
    const before = pictureOf(root);
    driveReadOnly('install');
    const executable = '/usr/local/libexec/oci/hooks.d/oci-measure';
    assert.equal(textOf(executable), 'one version');
    const { hook }: { hook: { path: string } } = JSON.parse(
      textOf('/etc/containers/oci/hooks.d/oci-measure.json'),
    );
    assert.equal(hook.path, executable);
    assert.match(
      textOf('/etc/containers/containers.conf.d/zz-oci-measure.conf'),
      /^hooks_dir = \["\/usr\/share\/containers\/oci\/hooks.d", "\/etc\/containers\/oci\/hooks.d"\]$/m,
    );
    driveReadOnly('uninstall');
    assert.deepEqual(pictureOf(root), before);
  });
});

test('who can write above the file tree of another machine does not matter', async () => {
  chmodSync(scratch, 0o1777);
  await install('podman');
  assert.ok(existsSync(join(root, HOOKS_FILE)));
});

test('a full disk leaves nothing by halves, and can be tried again', async () => {
  writeFileSync(program, Buffer.alloc(500_000), { mode: 0o755 });
  const driver = join(import.meta.dirname, 'install.driver.ts');
  const order = { action: 'install', engine: 'podman', root, program, steps: 1e9 };
  mkdirSync(join(root, 'usr'));
  const script = `
    mount -t tmpfs -o size=100k,mode=755 none "$1/usr"
    ! "$2" --disable-warning=ExperimentalWarning "$3" "$4" >&2
    find "$1" -type f -printf '%P\\n'`;
  const args = ['--mount', 'sh', '-ec', script, 'sh', root, process.execPath, driver];
  const found = execFileSync('unshare', [...args, JSON.stringify(order)], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  assert.equal(found, 'usr/libexec/oci/hooks.d/oci-measure.installed\n');
});

describe('an executable that was there before', () => {
  test('stays if it is the same', async () => {
    put(EXECUTABLE, 'one version', 0o755);
    const before = pictureOf(root);
    await install('podman');
    await uninstall('podman');
    assert.deepEqual(pictureOf(root), before);
  });

  test('is not replaced if it is another', async () => {
    put(EXECUTABLE, 'of a package', 0o755);
    const before = pictureOf(root);
    await assert.rejects(install('podman'), isRefused(/is another program/));
    assert.deepEqual(pictureOf(root), before);
  });
});

describe('what somebody else made', () => {
  test('is not replaced: a hooks file of our name', async () => {
    put(HOOKS_FILE, '{}');
    await assert.rejects(install('podman'), isRefused(/was not made by an installation/));
  });

  test('is not doubled, nor left with nothing to start: another one that starts the hook', async () => {
    const entry = { path: EXECUTABLE, args: ['oci-measure', 'hook'] };
    const file = { version: '1.0.0', hook: entry, when: { always: true }, stages: ['prestart'] };
    await install('podman');
    put(`${HOOKS_DIRECTORY}/by-hand.json`, JSON.stringify(file));
    await assert.rejects(install('podman'), isRefused(/by-hand\.json/));
    await assert.rejects(uninstall('podman'), isRefused(/by-hand\.json/));
    assert.ok(existsSync(join(root, EXECUTABLE)));
  });

  test('does not matter: a hooks file of another hook, or one that nobody can read', async () => {
    put(`${HOOKS_DIRECTORY}/nvidia.json`, '{"version": "1.0.0", "hook": {"path": "/usr/bin/x"}}');
    put(`${HOOKS_DIRECTORY}/broken.json`, '{');
    const before = pictureOf(root);
    await install('podman');
    await uninstall('podman');
    assert.deepEqual(pictureOf(root), before);
  });

  test('does not pass for a record of ours', async () => {
    for (const record of [
      '{"hasExecutable": true, "engines": [], "directories": ["/"]}',
      '{"hasExecutable": true, "engines": {}, "directories": ["usr"]}',
      '{"hasExecutable": true, "engines": {"podman": {"files": ["a"]}}, "directories": []}',
    ]) {
      put(RECORD, record);
      for (const action of [install, uninstall]) {
        await assert.rejects(action('podman'), isRefused(/is not as an installation wrote it/));
      }
    }
  });
});

describe('what was edited since', () => {
  test('goes all the same if it is the hooks file', async () => {
    const before = pictureOf(root);
    await install('podman');
    put(HOOKS_FILE, textOf(HOOKS_FILE).replace('"always": true', '"always": false'));
    await uninstall('podman');
    assert.deepEqual(pictureOf(root), before);
  });

  test('is not lost when it is installed again, if it is a drop-in', async () => {
    put('/etc/containers/containers.conf', '[engine]\nhooks_dir = ["/run/hooks.d"]\n');
    await install('podman');
    const path = '/etc/containers/containers.conf.d/zz-oci-measure.conf';
    put(path, `${textOf(path)}runtime = "crun" # ours\n`);
    assert.equal(await install('podman'), 'nothing to do\n');
  });

  test('stays, but for what is ours, if it is a drop-in', async () => {
    put('/etc/containers/containers.conf', '[engine]\nhooks_dir = ["/run/hooks.d"]\n');
    await install('podman');
    const path = '/etc/containers/containers.conf.d/zz-oci-measure.conf';
    put(path, `${textOf(path)}runtime = "crun" # ours\n`);
    await uninstall('podman');
    assert.equal(textOf(path), '[engine]\nruntime = "crun" # ours\n');
    assert.ok(!existsSync(join(root, EXECUTABLE)));
  });
});

test('who may read a file is as it was said last, whatever it was before', async () => {
  const path = '/etc/docker/daemon.json';
  put('/usr/bin/runc', '', 0o755);
  put(path, '{"log-driver": "journald"}');
  await install('docker');
  assert.equal(textOf(`${path}.before-oci-measure`), '{"log-driver": "journald"}');
  chmodSync(join(root, path), 0o600);
  chownSync(join(root, path), 0, 7);
  await uninstall('docker');
  const { mode, gid } = statSync(join(root, path));
  assert.deepEqual([mode & 0o777, gid, textOf(path)], [0o600, 7, '{"log-driver": "journald"}']);
  assert.ok(!existsSync(join(root, `${path}.before-oci-measure`)));
});

describe('a drop-in', () => {
  test('takes no directory away, whichever podman reads it', async () => {
    const rootful = '/etc/containers/containers.rootful.conf.d/50-hooks.conf';
    put(rootful, '[engine]\nhooks_dir = ["/opt/hooks.d"]\n');
    await install('podman');
    assert.match(
      textOf('/etc/containers/containers.conf.d/zz-oci-measure.conf'),
      /^hooks_dir = \["\/usr\/share\/containers\/oci\/hooks.d", "\/opt\/hooks.d", "\/etc\/containers\/oci\/hooks.d"\]$/m,
    );
  });
});

describe('nothing is done', () => {
  test('if somebody else than root could change the executable', async () => {
    mkdirSync(join(root, 'usr/libexec'), { recursive: true });
    chmodSync(join(root, 'usr/libexec'), 0o777);
    await assert.rejects(install('podman'), isRefused(/somebody else than root can change/));
  });

  test('while another installation is under way', async () => {
    using _lock = lockHost(hostAt(root));
    for (const action of [install, uninstall]) {
      await assert.rejects(action('podman'), isRefused(/another installation is under way/));
    }
  });

  test('but who is not root cannot keep an installation from being done', async () => {
    mkdirSync(join(root, 'root'), { mode: 0o550 });
    const held = openSync(root, 'r');
    assert.equal(tryLock(held), 0);
    await install('podman');
    closeSync(held);
    using _lock = lockHost(hostAt(root));
    await assert.rejects(uninstall('podman'), isRefused(/another installation is under way/));
  });

  test('if the containers of ordinary users would not start: a configuration for root alone', async () => {
    put('/etc/oci-measure/config.toml', '', 0o600);
    await assert.rejects(install('podman'), isRefused(/not everybody can read \S+config\.toml/));
    put('/etc/oci-measure/config.toml', '', 0o644);
    chmodSync(join(root, 'etc/oci-measure'), 0o700);
    await assert.rejects(install('podman'), isRefused(/not everybody can enter \S+oci-measure"/));
    assert.deepEqual([...filesOf(root).keys()], ['/etc/oci-measure/config.toml']);
  });

  test('if others could change the hooks file: a directory that is theirs', async () => {
    put('/etc/containers/containers.conf', '[engine]\nhooks_dir = ["/srv/hooks"]\n');
    mkdirSync(join(root, 'srv/hooks'), { recursive: true });
    chmodSync(join(root, 'srv/hooks'), 0o777);
    await install('podman');
    assert.ok(!existsSync(join(root, 'srv/hooks/oci-measure.json')));
    assert.ok(existsSync(join(root, '/etc/containers/oci/hooks.d/oci-measure.json')));
  });

  test('if a file of somebody else is where the drop-in would be', async () => {
    put('/etc/containers/containers.conf', '[engine]\nhooks_dir = ["/run/hooks.d"]\n');
    put('/etc/containers/containers.conf.d/zz-oci-measure.conf', '# mine\n');
    await assert.rejects(install('podman'), isRefused(/is there, and not of oci-measure/));
  });

  test('if a later file would override the drop-in', async () => {
    put('/etc/containers/containers.conf.d/zzz.conf', '[engine]\nhooks_dir = ["/run/hooks.d"]\n');
    await assert.rejects(install('podman'), (error: unknown) => {
      assert.ok(error instanceof ToolError);
      assert.match(error.hint ?? '', /add "\/etc\/containers\/oci\/hooks\.d" to hooks_dir/);
      return true;
    });
  });
});
