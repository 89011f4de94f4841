import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('./main.ts', import.meta.url));
const PARENT = '/var/lib/oci-measure-test';
const ENTRY = { path: '/x/oci-measure', args: ['oci-measure', 'hook'], env: ['A=b'], timeout: 9 };
const SPEC = '{"ociVersion":"1.0.2","n":12345678901234567890}';
const WITH_HOOK = `${SPEC.slice(0, -1)},"hooks": {"createRuntime":[${JSON.stringify(ENTRY)}]}}`;

class Bundle implements Disposable {
  readonly path: string;

  constructor(text: string = SPEC) {
    mkdirSync(PARENT, { recursive: true });
    this.path = mkdtempSync(`${PARENT}/add-hook-`);
    writeFileSync(this.config, text);
  }

  get config(): string {
    return `${this.path}/config.json`;
  }

  read(): string {
    return readFileSync(this.config, 'utf8');
  }

  /** As a front calls it. */
  call(args: readonly string[], { entry = JSON.stringify(ENTRY), cwd = '/' } = {}) {
    const program = ['--disable-warning=ExperimentalWarning', MAIN, 'add-hook', entry];
    const { status, stdout, stderr } = spawnSync(process.execPath, [...program, ...args], {
      cwd,
      encoding: 'utf8',
    });
    return { status, stdout, stderr };
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

const DONE = { status: 0, stdout: '', stderr: '' };

test('the hook is in the bundle that is named, and nothing is said', () => {
  using bundle = new Bundle();
  assert.deepEqual(bundle.call(['create', '--bundle', bundle.path, 'id']), DONE);
  assert.equal(bundle.read(), WITH_HOOK);
  assert.deepEqual(readdirSync(bundle.path), ['config.json']);
});

test('the bundle is the working directory where none is named', () => {
  using bundle = new Bundle();
  assert.deepEqual(bundle.call(['run', 'id'], { cwd: bundle.path }), DONE);
  assert.equal(bundle.read(), WITH_HOOK);
});

test('config.json keeps mode and owner', () => {
  using bundle = new Bundle();
  chownSync(bundle.config, 0, 7);
  chmodSync(bundle.config, 0o604);
  bundle.call(['create', '--bundle', bundle.path, 'id']);
  const { uid, gid, mode } = lstatSync(bundle.config);
  assert.deepEqual([uid, gid, mode & 0o7777], [0, 7, 0o604]);
});

test('a second call changes nothing', () => {
  using bundle = new Bundle(WITH_HOOK);
  const { ino } = lstatSync(bundle.config);
  assert.deepEqual(bundle.call(['create', '--bundle', bundle.path, 'id']), DONE);
  assert.equal(lstatSync(bundle.config).ino, ino);
});

test('a call that starts no container changes nothing', () => {
  using bundle = new Bundle();
  assert.deepEqual(bundle.call(['kill', 'create', '9'], { cwd: bundle.path }), DONE);
  assert.equal(bundle.read(), SPEC);
});

describe('the container does not start, and the reason is in the log that its engine reads, when', () => {
  const texts: Readonly<Record<string, readonly [text: string, reason: RegExp]>> = {
    'config.json has a member twice': [
      '{"ociVersion":"1","hooks":{},"hooks":{}}',
      /"hooks" is there twice/,
    ],
    'config.json is cut off': ['{"ociVersion":', /ends too early/],
    'config.json is no OCI configuration': ['{"ociVersion":1}', /not an OCI config.json/],
  };
  for (const [title, [text, reason]] of Object.entries(texts)) {
    test(title, () => {
      using bundle = new Bundle(text);
      refused(bundle, reason);
      assert.equal(bundle.read(), text);
    });
  }

  test('config.json is a link', () => {
    using bundle = new Bundle();
    rmSync(bundle.config);
    symlinkSync('/etc/hostname', bundle.config);
    refused(bundle, /symbolic link/);
  });

  test('config.json is missing', () => {
    using bundle = new Bundle();
    rmSync(bundle.config);
    refused(bundle, /no config.json/);
  });

  test('others could have written config.json', () => {
    using bundle = new Bundle();
    chmodSync(bundle.config, 0o666);
    refused(bundle, /writable by everybody/);
  });

  test('the entry is none, whatever is asked', () => {
    using bundle = new Bundle();
    for (const entry of ['', 'x', '[]', 'create', '{"path":"/x"}', '{']) {
      const { status, stdout, stderr } = bundle.call(['state', 'id'], { entry });
      assert.deepEqual([status, stdout], [1, '']);
      assert.match(stderr, /^oci-measure: /);
    }
  });
});

function refused(bundle: Bundle, reason: RegExp): void {
  const log = `${bundle.path}/log.json`;
  writeFileSync(log, '{"level":"info","msg":"earlier"}\n');
  const globals = ['--log', log, '--log-format', 'json'];
  const call = [...globals, 'create', '--bundle', bundle.path, 'web'];
  const { status, stdout, stderr } = bundle.call(call);
  assert.deepEqual([status, stdout], [1, '']);
  assert.match(stderr, /^oci-measure: container web not started: [^\n]+\n$/);
  assert.match(stderr, reason);
  const last = JSON.parse(readFileSync(log, 'utf8').trim().split('\n').at(-1) ?? '');
  assert.deepEqual([last.level, `${last.msg}\n`], ['error', stderr]);
  assert.ok(!Number.isNaN(Date.parse(last.time)));
}

test("a log in runc's own format is written likewise", () => {
  using bundle = new Bundle('{');
  const log = `${bundle.path}/log`;
  bundle.call([`--log=${log}`, 'create', '--bundle', bundle.path, 'web']);
  assert.match(
    readFileSync(log, 'utf8'),
    /^time="[^"]+" level=error msg="oci-measure: container web not/,
  );
});

test('a log that cannot be written keeps nothing from being refused', () => {
  using bundle = new Bundle('{');
  const call = ['--log', `${bundle.path}/missing/log`, 'create', '--bundle', bundle.path, 'web'];
  assert.equal(bundle.call(call).status, 1);
  assert.ok(!existsSync(`${bundle.path}/missing`));
});
