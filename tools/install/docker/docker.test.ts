import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { describe, test } from 'node:test';
import { carryOut as carryOutOrder } from '#tools/install/driven.fixture';
import type { EngineOptions, EnginePlan } from '#tools/install/engine-plan';
import { applyChange, dropBackup, isChange } from '#tools/install/file-change';
import { type Host, hostAt } from '#tools/install/host';
import { REAL_FILES } from './daemon-json.fixture.ts';
import { readDaemonJson } from './daemon-json.ts';
import { docker } from './docker.ts';
import { onlyHandsOver } from './front.ts';

const PARENT = '/var/lib/oci-measure-test';
const FILE = '/etc/docker/daemon.json';
const FRONT = '/usr/libexec/oci/hooks.d/oci-measure-runc';
const CONTAINER = 'fedcba9876543210';
const UNIT = '/usr/lib/systemd/system/docker.service';
const OPTIONS: EngineOptions = {
  config: undefined,
  timeout: 100,
  executable: '/usr/libexec/oci/hooks.d/oci-measure',
};

/** The file tree of a machine with Docker on it. */
class Machine implements Disposable {
  readonly root: string;
  readonly host: Host;

  constructor() {
    mkdirSync(PARENT, { recursive: true });
    this.root = mkdtempSync(`${PARENT}/docker-`);
    this.host = hostAt(this.root);
    for (const name of ['runc', 'crun', 'nvidia-container-runtime']) {
      this.write(`/usr/bin/${name}`, '');
      chmodSync(`${this.root}/usr/bin/${name}`, 0o755);
    }
  }

  write(path: string, text: string): void {
    mkdirSync(dirname(this.root + path), { recursive: true });
    writeFileSync(this.root + path, text);
  }

  read(path: string): string | undefined {
    return existsSync(this.root + path) ? readFileSync(this.root + path, 'utf8') : undefined;
  }

  async install(options: Partial<EngineOptions> = {}): Promise<EnginePlan> {
    return carryOut(await docker.install(this.host, { ...OPTIONS, ...options }));
  }

  async uninstall(isForced = false): Promise<EnginePlan> {
    return carryOut(await docker.uninstall(this.host, [], isForced));
  }

  /** A container that Docker starts under our runtime, or not at all. */
  createContainer(daemonJson = ''): void {
    const text = '{"Runtime":"oci-measure","ConsoleSize":[0,0]}';
    this.write(`${dataRootOf(daemonJson)}/containers/${CONTAINER}/hostconfig.json`, text);
  }

  removeContainer(daemonJson = ''): void {
    rmSync(`${this.root}${dataRootOf(daemonJson)}/containers/${CONTAINER}`, { recursive: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** Where dockerd keeps containers' settings, as the file says. */
function dataRootOf(daemonJson: string): string {
  if (daemonJson.includes('userns-remap')) return '/var/lib/docker/100000.100000';
  return daemonJson.includes('/srv/docker') ? '/srv/docker' : '/var/lib/docker';
}

function carryOut(plan: EnginePlan): EnginePlan {
  for (const change of plan.changes) applyChange(change);
  return plan;
}

/** What of a plan is done, in order, as the machine's own paths. */
function pathsOf({ changes }: EnginePlan, { root }: Machine): readonly string[] {
  return changes.filter(isChange).map(({ path }) => path.slice(root.length));
}

function runtimeOf(machine: Machine): string | undefined {
  return machine
    .read(FRONT)
    ?.split('\n')
    .findLast((line) => line.startsWith('exec '));
}

describe('install, then uninstall, leaves it as it was:', () => {
  for (const [title, text] of [...Object.entries(REAL_FILES), ['no file', undefined] as const]) {
    test(title, async () => {
      using machine = new Machine();
      if (text !== undefined) machine.write(FILE, text);
      await machine.install();
      assert.notEqual(machine.read(FILE), text);
      assert.deepEqual((await machine.install()).changes.filter(isChange), []);
      await machine.uninstall();
      assert.equal(machine.read(FILE), text);
      assert.equal(machine.read(FRONT), undefined);
    });
  }
});

test('the front is there before it is named, and gone after', async () => {
  using machine = new Machine();
  machine.write(FILE, '{"debug": true}\n');
  assert.deepEqual(pathsOf(await machine.install(), machine), [FRONT, FILE]);
  assert.deepEqual(pathsOf(await machine.uninstall(), machine), [FILE, FRONT]);
});

test('an installation that was killed after either step can be removed', async () => {
  for (const steps of [0, 1, 2]) {
    using machine = new Machine();
    machine.write(FILE, '{"debug": true}\n');
    const { changes } = await docker.install(machine.host, OPTIONS);
    for (const change of changes.slice(0, steps)) applyChange(change);
    await machine.uninstall();
    assert.equal(machine.read(FILE), '{"debug": true}\n');
    assert.equal(machine.read(FRONT), undefined);
  }
});

test('the front is executable, and daemon.json keeps its mode', async () => {
  using machine = new Machine();
  machine.write(FILE, '{}');
  chmodSync(machine.root + FILE, 0o600);
  const { changes } = await machine.install();
  assert.deepEqual(
    changes.map(({ mode }) => mode),
    [0o755, undefined],
  );
});

describe('the front hands over to', () => {
  const cases: Readonly<Record<string, string>> = {
    '{}': 'exec runc "$@"',
    '{"default-runtime": "runc"}': 'exec runc "$@"',
    '{"default-runtime": ""}': 'exec runc "$@"',
    '{"default-runtime": "io.containerd.runc.v2"}': 'exec runc "$@"',
    '{"default-runtime": "c", "runtimes": {"c": {"path": "/usr/bin/crun"}}}':
      'exec /usr/bin/crun "$@"',
    '{"default-runtime": "c", "runtimes": {"c": {"path": "crun"}}}': 'exec crun "$@"',
    '{"default-runtime": "c", "runtimes": {"c": {"path": "/usr/bin/crun", "runtimeArgs": ["--debug", "--log x"]}}}':
      'exec /usr/bin/crun --debug --log x "$@"',
    '{"default-runtime": "c", "runtimes": {"c": {"runtimeType": "io.containerd.runc.v2"}}}':
      'exec runc "$@"',
    '{"default-runtime": "c", "runtimes": {"c": {"runtimeType": "io.containerd.runc.v2", "options": {"BinaryName": "/usr/bin/crun", "SystemdCgroup": true}}}}':
      'exec /usr/bin/crun "$@"',
  };
  for (const [text, line] of Object.entries(cases)) {
    test(`${line.slice(5, -5)}: ${text}`, async () => {
      using machine = new Machine();
      machine.write(FILE, text);
      await machine.install();
      assert.equal(runtimeOf(machine), line);
    });
  }
});

test("a shim's options are the front's, too", async () => {
  using machine = new Machine();
  machine.write(FILE, REAL_FILES['crun by the shim, with options'] ?? '');
  await machine.install();
  assert.deepEqual(JSON.parse(machine.read(FILE) ?? '').runtimes['oci-measure'], {
    runtimeType: 'io.containerd.runc.v2',
    options: { BinaryName: FRONT, SystemdCgroup: true },
  });
});

test('a second installation with another configuration changes the front alone', async () => {
  using machine = new Machine();
  machine.write(FILE, REAL_FILES['nvidia-docker2, with log limits'] ?? '');
  await machine.install();
  const plan = await machine.install({ config: '/etc/oci-measure/lab.toml', timeout: 40 });
  assert.deepEqual(pathsOf(plan, machine), [FRONT]);
  assert.match(
    machine.read(FRONT) ?? '',
    /"--config","\/etc\/oci-measure\/lab.toml".*"timeout":40/,
  );
  assert.equal(runtimeOf(machine), 'exec /usr/bin/nvidia-container-runtime "$@"');
  await machine.uninstall();
  assert.equal(machine.read(FILE), REAL_FILES['nvidia-docker2, with log limits']);
});

test('a default that somebody chose after an installation is what the next one hands over to', async () => {
  using machine = new Machine();
  machine.write(FILE, REAL_FILES['nvidia-ctk runtime configure --set-as-default'] ?? '');
  await machine.install();
  const edited = machine
    .read(FILE)
    ?.replace('"default-runtime": "oci-measure"', '"default-runtime": "runc"');
  machine.write(FILE, edited ?? '');
  await machine.install();
  assert.equal(runtimeOf(machine), 'exec runc "$@"');
});

test('a front that was lost is made again', async () => {
  using machine = new Machine();
  machine.write(FILE, '{"debug": true}');
  await machine.install();
  rmSync(machine.root + FRONT);
  const plan = await machine.install();
  assert.deepEqual(pathsOf(plan, machine), [FRONT]);
  assert.equal(runtimeOf(machine), 'exec runc "$@"');
});

test('the front of an executable beside a read-only /usr is found again', async () => {
  using machine = new Machine();
  await machine.install({ executable: '/usr/local/libexec/oci/hooks.d/oci-measure' });
  const front = '/usr/local/libexec/oci/hooks.d/oci-measure-runc';
  assert.equal(JSON.parse(machine.read(FILE) ?? '').runtimes['oci-measure'].path, front);
  await machine.uninstall();
  assert.deepEqual([machine.read(FILE), machine.read(front)], [undefined, undefined]);
});

test('daemon.json may be a link, which stays one', async () => {
  using machine = new Machine();
  machine.write('/srv/daemon.json', '{"debug": true}');
  mkdirSync(`${machine.root}/etc/docker`, { recursive: true });
  symlinkSync('/srv/daemon.json', machine.root + FILE);
  const plan = await machine.install();
  assert.deepEqual(pathsOf(plan, machine), [FRONT, '/srv/daemon.json']);
  await machine.uninstall();
  assert.equal(machine.read('/srv/daemon.json'), '{"debug": true}');
});

describe('nothing is changed, and why is said, where', () => {
  const cases: Readonly<Record<string, readonly [files: Record<string, string>, message: RegExp]>> =
    {
      'the default runtime is a shim of its own': [
        {
          [FILE]:
            '{"default-runtime": "k", "runtimes": {"k": {"runtimeType": "io.containerd.kata.v2"}}}',
        },
        /"k" is a shim of its own .*kata/,
      ],
      'the default runtime is a shim that is described nowhere': [
        { [FILE]: '{"default-runtime": "io.containerd.kata.v2"}' },
        /described nowhere/,
      ],
      'the default runtime is not there': [
        { [FILE]: '{"default-runtime": "x", "runtimes": {"x": {"path": "/usr/bin/x"}}}' },
        /no program "\/usr\/bin\/x" below "/,
      ],
      "a runtime of our name is somebody else's front": [
        { [FRONT]: '#!/bin/sh\n' },
        /not of oci-measure/,
      ],
      'the unit has --default-runtime': [
        { [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd -H fd:// --default-runtime=nvidia\n' },
        /--default-runtime \(docker.service\)/,
      ],
      'a drop-in has --add-runtime': [
        {
          [UNIT]: '[Service]\nExecStart=/usr/bin/dockerd -H fd://\n',
          '/etc/systemd/system/docker.service.d/nvidia.conf':
            '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd \\\n  -H fd:// --add-runtime nvidia=/usr/bin/n\n',
        },
        /--add-runtime/,
      ],
      'the variables of the unit have --add-runtime': [
        {
          [UNIT]:
            '[Service]\nEnvironmentFile=-/etc/default/docker\nExecStart=/usr/sbin/dockerd -H fd:// $DOCKER_OPTS\n',
          '/etc/default/docker': '# options\nDOCKER_OPTS="--dns 8.8.8.8 --add-runtime=n=/n"\n',
        },
        /--add-runtime/,
      ],
      'Docker is a snap': [{ '/var/snap/docker/current/config/daemon.json': '{}' }, /is a snap/],
      'daemon.json has a comment': [{ [FILE]: '{ // no\n}' }, /daemon.json/],
      'daemon.json is not UTF-8 (UTF-16)': [{ [FILE]: '\uFFFE{\0}\0' }, /daemon.json/],
    };
  for (const [title, [files, message]] of Object.entries(cases)) {
    test(title, async () => {
      using machine = new Machine();
      for (const [path, text] of Object.entries(files)) machine.write(path, text);
      await assert.rejects(docker.install(machine.host, OPTIONS), { code: 'install', message });
    });
  }

  test('the default runtime is the front itself', async () => {
    using machine = new Machine();
    await machine.install();
    machine.write(FILE, `{"default-runtime": "x", "runtimes": {"x": {"path": "${FRONT}"}}}`);
    await assert.rejects(docker.install(machine.host, OPTIONS), {
      code: 'install',
      message: /itself/,
    });
  });
});

test('a unit whose drop-in takes the flag back is fine', async () => {
  using machine = new Machine();
  machine.write(UNIT, '[Service]\nExecStart=/usr/bin/dockerd --default-runtime=x\n');
  machine.write(
    '/etc/systemd/system/docker.service.d/10.conf',
    '[Service]\nExecStart=\nExecStart=/usr/bin/dockerd\n',
  );
  await machine.install();
});

test('the file that --config-file names is the one that is changed, and found again', async () => {
  using machine = new Machine();
  machine.write(UNIT, '[Service]\nExecStart=/usr/bin/dockerd --config-file "/srv/d.json"\n');
  machine.write('/srv/d.json', '{"debug": true}');
  await machine.install();
  assert.equal(machine.read(FILE), undefined);
  assert.equal(JSON.parse(machine.read('/srv/d.json') ?? '')['default-runtime'], 'oci-measure');
  rmSync(machine.root + UNIT);
  await machine.uninstall();
  assert.equal(machine.read('/srv/d.json'), '{"debug": true}');
});

describe('a removal', () => {
  test('leaves a front that only hands over to a container that runs under it', async () => {
    using machine = new Machine();
    await machine.install();
    const bundle =
      '/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/0123456789abcdef';
    machine.write(`${bundle}/runtime`, FRONT);
    const { notes } = await machine.uninstall();
    assert.deepEqual([machine.read(FILE), runtimeOf(machine)], [undefined, 'exec runc "$@"']);
    assert.doesNotMatch(machine.read(FRONT) ?? '', /add-hook/);
    assert.match(notes.join('\n'), /stays.*0123456789ab/);
    rmSync(machine.root + bundle, { recursive: true });
    await machine.uninstall();
    assert.equal(machine.read(FRONT), undefined);
  });

  test('leaves it to a dockerd that runs, and says what makes it forget', async () => {
    using machine = new Machine();
    machine.write('/run/docker.pid', '1');
    await machine.install();
    const { notes, restart } = await machine.uninstall();
    assert.equal(runtimeOf(machine), 'exec runc "$@"');
    assert.deepEqual(restart, { unit: 'docker.service', action: 'restart' });
    assert.match(notes.join('\n'), /until it is restarted/);
  });

  test('needs a reload only where another default is named', async () => {
    using machine = new Machine();
    machine.write('/run/docker.pid', '1');
    machine.write(FILE, '{"default-runtime": "runc"}');
    await machine.install();
    assert.equal((await machine.uninstall()).restart?.action, 'reload');
  });

  test('that is forced takes everything, and names the containers that will not start again', async () => {
    using machine = new Machine();
    await machine.install();
    machine.createContainer();
    const { notes, isUnfinished } = await machine.uninstall(true);
    assert.match(notes.join('\n'), /will not start again.*fedcba987654/);
    assert.equal(isUnfinished, undefined);
    assert.deepEqual([machine.read(FILE), machine.read(FRONT)], [undefined, undefined]);
    // What cannot be started any more keeps nothing.
    const { changes } = await machine.uninstall();
    assert.deepEqual(changes.filter(isChange), []);
  });

  test('looks where Docker keeps its own, as daemon.json and the command line say', async () => {
    using machine = new Machine();
    machine.write(UNIT, '[Service]\nExecStart=/usr/bin/dockerd --data-root /srv/data\n');
    machine.write(
      FILE,
      '{"pidfile": "/srv/pid", "exec-root": "/srv/exec", "hosts": ["unix:///srv/s"]}',
    );
    machine.write('/srv/pid', '1');
    await machine.install();
    const tasks = '/srv/exec/containerd/daemon/io.containerd.runtime.v2.task/moby';
    machine.write(`${tasks}/0123456789abcdef/runtime`, FRONT);
    machine.write(
      '/srv/data/containers/fedcba9876543210/hostconfig.json',
      '{"Runtime":"oci-measure"}',
    );
    const { notes, restart } = await machine.uninstall(true);
    assert.match(notes.join('\n'), /container 0123456789ab calls it.*\n.*again.*fedcba987654/);
    assert.equal(restart?.action, 'restart');
  });

  test('does nothing where nothing is', async () => {
    using machine = new Machine();
    machine.write(FILE, '{"debug": true}');
    const { changes, restart } = await machine.uninstall();
    assert.deepEqual([changes.filter(isChange), restart], [[], undefined]);
  });

  test('keeps a backup of nothing', async () => {
    using machine = new Machine();
    machine.write(FILE, '{"debug": true}');
    await machine.install();
    const { changes } = await machine.uninstall();
    for (const { path } of changes) dropBackup(path);
    assert.ok(!existsSync(`${machine.root}${FILE}.before-oci-measure`));
  });
});

describe('while containers are there that were created under it, a removal', () => {
  for (const [title, text] of [...Object.entries(REAL_FILES), ['no file', undefined] as const]) {
    test(`keeps the runtime alone, and the next one takes the rest: ${title}`, async () => {
      using machine = new Machine();
      if (text !== undefined) machine.write(FILE, text);
      await machine.install();
      machine.createContainer(text);
      const { isUnfinished } = await machine.uninstall();
      assert.equal(isUnfinished, true);
      const kept = readDaemonJson(machine.read(FILE), FILE);
      const { defaultRuntime, runtimes } = readDaemonJson(text, FILE);
      assert.equal(kept.defaultRuntime, defaultRuntime);
      assert.deepEqual(Object.keys(kept.runtimes), [...Object.keys(runtimes), 'oci-measure']);
      assert.ok(onlyHandsOver(machine.read(FRONT) ?? ''));
      assert.deepEqual((await machine.uninstall()).changes.filter(isChange), []);
      machine.removeContainer(text);
      await machine.uninstall();
      assert.deepEqual([machine.read(FILE), machine.read(FRONT)], [text, undefined]);
    });

    test(`can be followed by an installation: ${title}`, async () => {
      using machine = new Machine();
      if (text !== undefined) machine.write(FILE, text);
      await machine.install();
      const front = runtimeOf(machine);
      machine.createContainer(text);
      await machine.uninstall();
      await machine.install();
      assert.equal(runtimeOf(machine), front);
      assert.doesNotMatch(machine.read(FRONT) ?? '', /nothing else/);
      machine.removeContainer(text);
      await machine.uninstall();
      assert.deepEqual([machine.read(FILE), machine.read(FRONT)], [text, undefined]);
    });
  }

  test('lists them and says what to do; dockerd has to be restarted for the default alone', async () => {
    using machine = new Machine();
    machine.write('/run/docker.pid', '1');
    await machine.install();
    machine.createContainer();
    const { notes, restart } = await machine.uninstall();
    assert.match(
      notes.join('\n'),
      /1 container by it, or not at all: fedcba987654\n.*`oci-measure uninstall docker` again/,
    );
    assert.deepEqual(restart, { unit: 'docker.service', action: 'restart' });
  });

  test('leaves what somebody edits until the next one', async () => {
    using machine = new Machine();
    machine.write(FILE, '{\n  "debug": true\n}\n');
    await machine.install();
    machine.createContainer();
    await machine.uninstall();
    machine.write(FILE, machine.read(FILE)?.replace('true', 'false,\n  "ipv6": true') ?? '');
    machine.removeContainer();
    await machine.uninstall();
    assert.equal(machine.read(FILE), '{\n  "debug": false,\n  "ipv6": true\n}\n');
  });

  test('keeps the record, the executable and the backup, which is daemon.json again at last', async () => {
    using machine = new Machine();
    machine.write(FILE, '{"debug": true}');
    machine.write('/program', 'not really an executable');
    const { ino } = statSync(machine.root + FILE);
    const order = { engine: 'docker', root: machine.root, program: `${machine.root}/program` };
    await carryOutOrder({ ...order, action: 'install' });
    machine.createContainer();
    const said = await carryOutOrder({ ...order, action: 'uninstall' });
    assert.match(said, /not removed yet: .*fedcba987654/);
    assert.equal(
      await carryOutOrder({ ...order, action: 'uninstall' }),
      said.slice(said.indexOf('note: ')),
    );
    assert.match(machine.read(`${OPTIONS.executable}.installed`) ?? '', /"docker"/);
    assert.notEqual(machine.read(OPTIONS.executable), undefined);
    machine.removeContainer();
    await carryOutOrder({ ...order, action: 'uninstall' });
    assert.equal(statSync(machine.root + FILE).ino, ino);
    assert.deepEqual(readdirSync(`${machine.root}/etc/docker`), ['daemon.json']);
    assert.ok(!existsSync(`${machine.root}/usr/libexec`));
    assert.equal(await carryOutOrder({ ...order, action: 'uninstall' }), 'nothing to do\n');
  });
});

test('what is no regular file, or has no end, is not read', { timeout: 10_000 }, async () => {
  using machine = new Machine();
  for (const path of [
    '/etc/default/docker',
    UNIT,
    '/run/docker.pid',
    `/var/lib/docker/containers/${CONTAINER}/hostconfig.json`,
  ]) {
    machine.write(path, '');
    rmSync(machine.root + path);
    assert.equal(spawnSync('mkfifo', [machine.root + path]).status, 0);
  }
  machine.write('/etc/sysconfig/docker', `OPTIONS=--add-runtime=x=/x\n${' '.repeat(2 ** 20)}`);
  await machine.install();
  await machine.uninstall();
  assert.equal(machine.read(FILE), undefined);
});
