import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { chownSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { processStartTime } from '#hook/log/process-start';
import { makeTestDirectory } from '#tools/program.fixture';
import { runningContainers } from './running-container.ts';

let home: string;
const children: ReturnType<typeof spawn>[] = [];

before(() => {
  home = makeTestDirectory('running');
});
after(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(home, { recursive: true });
});

/** A process to be found, as the first one of a container is. */
function sleeper(): { readonly pid: number; readonly startTime: number } {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  children.push(child);
  const pid = child.pid ?? 0;
  return { pid, startTime: processStartTime(pid) ?? 0 };
}

function write(path: string, content: unknown): string {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function found(pattern: string) {
  return runningContainers([join(home, pattern)]);
}

/** A bundle whose files are the machine's own, which sleeps. */
function writeBundle(directory: string, annotations: object): void {
  const rootfs = join(directory, 'rootfs');
  mkdirSync(join(rootfs, 'usr'), { recursive: true });
  for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, join(rootfs, name));
  const bind = { type: 'bind', options: ['bind', 'ro'] };
  const spec = {
    ociVersion: '1.0.2',
    process: { user: { uid: 0, gid: 0 }, args: ['/bin/sleep', '60'], env: [], cwd: '/' },
    root: { path: 'rootfs' },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs' },
      { destination: '/usr', source: '/usr', ...bind },
    ],
    annotations,
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts', 'network'].map((type) => ({ type })) },
  };
  writeFileSync(join(directory, 'config.json'), JSON.stringify(spec));
}

/** crun refuses a host that mounts cgroup v2 beside v1. */
function run(runtime: string, ...args: readonly string[]): void {
  const script = 'umount /sys/fs/cgroup/unified 2>/dev/null || true; exec "$@"';
  const words = runtime === 'crun' ? ['unshare', '--mount', 'sh', '-c', script, 'sh'] : ['env'];
  execFileSync(words[0] ?? '', [...words.slice(1), runtime, ...args], { stdio: 'ignore' });
}

describe('runningContainers', () => {
  for (const runtime of ['runc', 'crun']) {
    test(`finds a container of ${runtime} while it runs`, () => {
      const [state, bundle] = [join(home, runtime), join(home, `${runtime}-bundle`)];
      const id = `running-${runtime}-${process.pid}`;
      writeBundle(bundle, {
        'io.kubernetes.cri-o.ContainerName': 'web',
        'io.kubernetes.cri-o.SandboxID': id,
        'io.kubernetes.cri-o.ContainerType': 'sandbox',
      });
      run(runtime, '--root', state, 'run', '--detach', '--bundle', bundle, id);
      try {
        const { containers, unread } = found(`${runtime}/`);
        assert.deepEqual(unread, []);
        const [only, ...others] = containers;
        assert.deepEqual(others, []);
        assert.deepEqual([only?.id, only?.class, only?.container], [id, 'sandbox', 'web']);
        assert.equal(processStartTime(only?.pid ?? 0), only?.startTime);
      } finally {
        run(runtime, '--root', state, 'delete', '--force', id);
      }
      assert.deepEqual(found(`${runtime}/`), { containers: [], unread: [] });
    });
  }

  test('takes a container that a shim and its runtime have on file for one', () => {
    const { pid, startTime } = sleeper();
    const state = { init_process_pid: pid, init_process_start: startTime };
    write('shim/runc/k8s.io/c/state.json', { ...state, config: { labels: [] } });
    write('shim/task/k8s.io/c/init.pid', String(pid));
    write('shim/task/k8s.io/c/config.json', { annotations: { 'nerdctl/name': 'web' } });
    const both = runningContainers([join(home, 'shim/runc/*'), join(home, 'shim/task/*')]);
    assert.deepEqual(
      both.containers.map(({ id, pid: first }) => [id, first]),
      [['c', pid]],
    );
    assert.equal(found('shim/task/*').containers[0]?.container, 'web');
  });

  test('finds a container of youki, and one whose engine put it below any name', () => {
    const { pid } = sleeper();
    write('runtime-x/moby/y/state.json', { ociVersion: '1.0.2', id: 'y', status: 'running', pid });
    assert.equal(found('runtime-*/*').containers[0]?.pid, pid);
    assert.deepEqual(found('other-*/*').containers, []);
  });

  test('is not taken in by a pid that another process has now', () => {
    const { pid, startTime } = sleeper();
    write('old/c/state.json', { init_process_pid: pid, init_process_start: startTime - 1 });
    write('old/gone/status', { pid: 4_194_303, 'process-start-time': 1 });
    write('old/none/status', { pid: 0 });
    assert.deepEqual(found('old'), { containers: [], unread: [] });
  });

  const malformed: readonly (readonly [title: string, path: string, content: unknown, RegExp])[] = [
    ['text that is no JSON', 'bad/a/state.json', '{', /bad\/a: /],
    ['a list', 'bad/b/state.json', '[]', /expected .* to be an object/],
    ['no pid', 'bad/c/status', {}, /expected a process id in .*, found undefined/],
    ['a negative pid', 'bad/d/status', { pid: -1 }, /found -1/],
    ['a pid that is a text', 'bad/e/state.json', { pid: 'x'.repeat(1000) }, /found "x{10,60}$/],
    ['a fraction', 'bad/f/status', { pid: 1.5 }, /found 1\.5/],
    ['a path for a pid', 'bad/g/init.pid', '../1', /expected a process id/],
    [
      'labels that are no object',
      'bad/h/state.json',
      { init_process_pid: 1, config: [] },
      /config/,
    ],
  ];
  for (const [title, path, content, expected] of malformed) {
    test(`tells of ${title}, and finds the others`, () => {
      const { pid } = sleeper();
      write(path, content);
      write('bad/zz-good/status', { pid });
      const { containers, unread } = found('bad');
      rmSync(join(home, 'bad'), { recursive: true });
      assert.equal(unread.length, 1);
      assert.match(unread[0] ?? '', expected);
      assert.deepEqual(
        containers.map(({ id }) => id),
        ['zz-good'],
      );
    });
  }

  test('reads no fifo, no link, no file of another user and none that is too large', () => {
    mkdirSync(join(home, 'odd/fifo'), { recursive: true });
    execFileSync('mkfifo', [join(home, 'odd/fifo/state.json')]);
    const { pid } = sleeper();
    const target = write('target.json', { pid });
    mkdirSync(join(home, 'odd/link'));
    symlinkSync(target, join(home, 'odd/link/status'));
    chownSync(write('odd/user/status', { pid }), 1000, 0);
    const large = write('odd/large/status', '');
    execFileSync('truncate', ['--size=9M', large]);
    const { containers, unread } = found('odd');
    assert.deepEqual(containers, []);
    assert.equal(unread.length, 4, unread.join('\n'));
  });

  test('a directory that is being made or removed is no container', () => {
    mkdirSync(join(home, 'empty/a'), { recursive: true });
    write('empty/b/state.json', '');
    write('empty/c', 'a file');
    assert.deepEqual(found('empty'), { containers: [], unread: [] });
    assert.deepEqual(found('nowhere/*'), { containers: [], unread: [] });
  });

  test('config.json that cannot be read leaves a container without a name, and is told', () => {
    const { pid } = sleeper();
    write('unnamed/c/status', { pid, bundle: join(home, 'unnamed-bundle') });
    write('unnamed-bundle/config.json', '{"annotations": {"a": 1}');
    const { containers, unread } = found('unnamed');
    assert.deepEqual(
      containers.map(({ id, class: kind }) => [id, kind]),
      [['c', 'container']],
    );
    assert.match(unread[0] ?? '', /unnamed-bundle\/config\.json: /);
    write('unnamed-bundle/config.json', { annotations: { a: 1, 'nerdctl/name': 'web' } });
    assert.equal(found('unnamed').containers[0]?.container, 'web');
  });
});
