import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { decodeEvent, encodeEvent } from '#hook/log/event-string';
import { parseSpec } from './bundle.ts';
import { describeContainer } from './container-facts.ts';
import { parseState } from './state.ts';

const testdata = join(import.meta.dirname, 'testdata');
const state = {
  ...parseState(readFileSync(join(testdata, 'state-runc-1.1.5.json'))),
  pid: process.pid,
};

function describeSpec(spec: object | Uint8Array) {
  const bytes = spec instanceof Uint8Array ? spec : Buffer.from(JSON.stringify(spec));
  return describeContainer(state, {
    spec: parseSpec(bytes, 'config.json'),
    configPath: '/b/config.json',
    rootfs: '/b/rootfs',
  });
}

const least = { ociVersion: '1.0', root: { path: 'rootfs' }, process: { cwd: '/' } };

describe('describeContainer', () => {
  test('of the least of configurations it says what is not there', () => {
    const { startTime, ns, process: _process, env: _env, ...facts } = describeSpec(least);
    assert.ok(startTime > 0);
    assert.deepEqual(Object.keys(ns), ['mnt', 'pid', 'net', 'uts', 'user']);
    assert.deepEqual(facts, {
      id: 'omc-runc-createRuntime',
      pid: process.pid,
      loader: [],
      mounts: [],
      readonly: false,
      namespaces: [],
      devices: [],
      seccomp: false,
      hooks: [],
      annotations: {},
    });
  });

  test('of the specification’s own example it says everything', () => {
    const example = join(import.meta.dirname, '../oci/testdata/config/good/spec-example.json');
    const facts = describeSpec(readFileSync(example));
    assert.equal(facts.readonly, true);
    assert.equal(facts.seccomp, true);
    assert.deepEqual(facts.mounts[0], {
      destination: '/proc',
      type: 'proc',
      source: 'proc',
      options: [],
    });
    assert.equal(
      facts.namespaces.map(({ type }) => type).join(' '),
      'pid network ipc uts mount user cgroup time',
    );
    assert.deepEqual(facts.devices[0], {
      type: 'c',
      path: '/dev/fuse',
      major: 10,
      minor: 229,
      fileMode: 438,
      uid: 0,
      gid: 0,
    });
    assert.equal(
      facts.hooks.map(({ stage }) => stage).join(' '),
      'prestart prestart createRuntime createRuntime createContainer startContainer poststart poststop',
    );
  });

  test('the facts are what a container event takes', () => {
    const devices = [{ type: 'b', path: '/dev/x', major: 8, minor: 0, 'x-vendor': 1 }];
    const mounts = [{ destination: '/a', source: '/b', uidMappings: [] }];
    const facts = describeSpec({ ...least, mounts, linux: { devices, 'x-vendor': {} } });
    const event = {
      type: 'container',
      rootfs: `sha256:${'0'.repeat(64)}`,
      view: 'merged',
      writable: [],
      pruned: [],
      ...facts,
    } as const;
    assert.deepEqual(decodeEvent(encodeEvent(event)), event);
  });

  test('other members of mounts, devices and namespaces stay out', () => {
    const facts = describeSpec({
      ...least,
      mounts: [{ destination: '/a', uidMappings: [], secret: 1 }],
      linux: {
        devices: [{ type: 'c', path: '/d', secret: 1 }],
        namespaces: [
          { type: 'pid', path: '', secret: 1 },
          { type: 'user', path: '/proc/1/ns/user' },
        ],
      },
      hooks: { poststop: [{ path: '/h', args: ['secret'], env: ['secret'] }] },
    });
    assert.deepEqual(facts.mounts, [{ destination: '/a', options: [] }]);
    assert.deepEqual(facts.devices, [{ type: 'c', path: '/d' }]);
    assert.deepEqual(facts.namespaces, [
      { type: 'pid' },
      { type: 'user', path: '/proc/1/ns/user' },
    ]);
    assert.deepEqual(facts.hooks, [{ stage: 'poststop', path: '/h' }]);
  });

  test('a configuration without process is refused', () => {
    const { process: _process, ...without } = least;
    assert.throws(() => describeSpec(without), { code: 'bundle', message: /has no process/ });
  });

  test('a process that is not there is refused', () => {
    const bundle = {
      spec: parseSpec(Buffer.from(JSON.stringify(least)), 'x'),
      configPath: '/',
      rootfs: '/',
    };
    assert.throws(() => describeContainer({ ...state, pid: 4_194_304 }, bundle), {
      name: 'HookError',
      code: 'state',
      message: /there is no process 4194304/,
    });
  });
});
