import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readRuntimeCall } from './runtime-call.ts';

/** As containerd's shim calls runc (go-runc, Create). */
const SHIM = '--root /run/docker/runtime-runc/moby --log /b/log.json --log-format json';

describe('the bundle is found in', () => {
  const calls: Readonly<Record<string, string | undefined>> = {
    'create --bundle /b id': '/b',
    'create --bundle=/b id': '/b',
    'create -b /b id': '/b',
    'create -b=/b id': '/b',
    'create -bundle /b id': '/b',
    'create -bundle=/b id': '/b',
    'create -b/b id': '/b',
    'create --bund /b id': '/b',
    'create --bund=/b id': '/b',
    'create id --bundle /b': '/b',
    'create id': undefined,
    'run id': undefined,
    'run -d -b /b id': '/b',
    'restore --image-path /i --bundle /b id': '/b',
    'create --bundle create create': 'create',
    'create --bundle run id': 'run',
    'create --bundle /a --bundle /b id': '/b',
    'create --pid-file --bundle --bundle /b id': '/b',
    'create --console-socket -b id': undefined,
    'create --no-pivot --preserve-fds 3 --bundle /b id': '/b',
    'create --bundle /b -- id --bundle': '/b',
    [`${SHIM} create --bundle /b --pid-file /b/init.pid id`]: '/b',
    [`${SHIM} --systemd-cgroup create --bundle /b id`]: '/b',
    '--root create create --bundle /b id': '/b',
    '--root=create create --bundle /b id': '/b',
    '--debug create --bundle /b id': '/b',
    '--cgroup-manager systemd create --bundle /b id': '/b',
    '--unknown value create --bundle /b id': '/b',
    '--unknown create --bundle /b id': '/b',
    '-- create --bundle /b id': '/b',
  };
  for (const [line, bundle] of Object.entries(calls)) {
    test(line, () => {
      const call = readRuntimeCall(line.split(' '));
      assert.ok(call !== undefined);
      assert.equal(call.bundle, bundle);
    });
  }
});

describe('no container is started by', () => {
  const lines = [
    '',
    '--version',
    '--help',
    'features',
    'state create',
    'kill create 9',
    'delete --force run',
    '--root create state id',
    '--log run --log-format create start id',
    '--root=run kill create 9',
    `${SHIM} exec --process /tmp/create --detach --pid-file /b/x.pid create`,
    'exec id create --bundle /b',
    'unknown create',
    '--unknown value state create',
  ];
  for (const line of lines) {
    test(line === '' ? 'nothing' : line, () => {
      assert.equal(readRuntimeCall(line === '' ? [] : line.split(' ')), undefined);
    });
  }
});

test('the container and the log are those of the call', () => {
  assert.deepEqual(readRuntimeCall(`${SHIM} create --bundle /b web`.split(' ')), {
    bundle: '/b',
    id: 'web',
    log: '/b/log.json',
    logFormat: 'json',
  });
});

test('words with spaces, line feeds and nothing in them stay words', () => {
  const call = readRuntimeCall(['create', '--bundle', '/a b\n c', '']);
  assert.deepEqual([call?.bundle, call?.id], ['/a b\n c', '']);
});

test('a bundle option without a value is refused', () => {
  assert.throws(() => readRuntimeCall(['create', 'id', '--bundle']), { code: 'usage' });
});

test("crun's --config is refused, since the hook reads config.json", () => {
  for (const line of ['create --config other.json id', 'create -f other.json id']) {
    assert.throws(() => readRuntimeCall(line.split(' ')), { code: 'usage' });
  }
});
