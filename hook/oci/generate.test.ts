import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parseSpec } from '#hook/input/bundle';
import { stateMembers } from './members.generated.ts';
import { checkSpec, checkState } from './validate.ts';

const folder = import.meta.dirname;

test('the generated files are what the generator makes of the schemas', () => {
  // Throws, and shows which file it is, unless the exit code is 0.
  execFileSync(process.execPath, [join(folder, 'generate.ts'), '--check'], { timeout: 60_000 });
});

test('the validators load nothing', () => {
  const source = readFileSync(join(folder, 'validators.generated.js'), 'utf8');
  assert.doesNotMatch(source, /\b(?:require\(|import\b|Function\()/);
});

test('crun’s root is a member of the state', () => {
  assert.ok(stateMembers.members?.['root']);
});

describe('the runtime specification’s own examples', () => {
  for (const name of readdirSync(join(folder, 'testdata/config/good'))) {
    test(`config.json ${name} is accepted`, () => {
      parseSpec(readFileSync(join(folder, 'testdata/config/good', name)), name);
    });
  }
  for (const name of readdirSync(join(folder, 'testdata/config/bad'))) {
    test(`config.json ${name} is refused`, () => {
      const bytes = readFileSync(join(folder, 'testdata/config/bad', name));
      assert.throws(() => parseSpec(bytes, name), { name: 'HookError', code: 'bundle' });
    });
  }
  test('state spec-example.json is accepted', () => {
    const text = readFileSync(join(folder, 'testdata/state/good/spec-example.json'), 'utf8');
    assert.equal(checkState(JSON.parse(text)).id, 'oci-container1');
  });
});

describe('checkSpec', () => {
  const spec = { ociVersion: '1.0', root: { path: 'rootfs' } };
  const refused: readonly [string, object, RegExp][] = [
    ['no ociVersion', { ociVersion: undefined }, /ociVersion/],
    ['root that is text', { root: 'rootfs' }, /"\/root" must be object, found "rootfs"/],
    ['root without path', { root: {} }, /'path'/],
    ['root.path that is a number', { root: { path: 1 } }, /"\/root\/path" must be string, found 1/],
    ['root.readonly that is text', { root: { path: 'a', readonly: 'true' } }, /must be boolean/],
    ['process without cwd', { process: {} }, /'cwd'/],
    ['one argument that is a number', { process: { cwd: '/', args: ['a', 1] } }, /args\/1/],
    ['env that is an object', { process: { cwd: '/', env: {} } }, /must be array, found an object/],
    ['a negative uid', { process: { cwd: '/', user: { uid: -1 } } }, /must be >= 0, found -1/],
    [
      'a uid of 33 bits',
      { process: { cwd: '/', user: { uid: 2 ** 32 } } },
      /must be <= 4294967295/,
    ],
    ['a uid that is no integer', { process: { cwd: '/', user: { uid: 0.5 } } }, /must be integer/],
    [
      'a uid beyond doubles',
      { process: { cwd: '/', user: { uid: 2n ** 64n } } },
      /must be integer/,
    ],
    ['capabilities that are a list', { process: { cwd: '/', capabilities: [] } }, /must be object/],
    ['mounts that are an object', { mounts: {} }, /"\/mounts" must be array/],
    ['a mount without destination', { mounts: [{}] }, /'destination'/],
    ['mounts that are null', { mounts: null }, /must be array, found null/],
    ['a hook without path', { hooks: { poststop: [{}] } }, /'path'/],
    ['an annotation that is a number', { annotations: { a: 1 } }, /must be string/],
    ['an annotation named newline that is a number', { annotations: { '\n': 1 } }, /string/],
    ['an unknown namespace', { linux: { namespaces: [{ type: 'moon' }] } }, /allowed values/],
    [
      'an id mapping without size',
      { linux: { uidMappings: [{ containerID: 0, hostID: 0 }] } },
      /size/,
    ],
    ['a device of an unknown type', { linux: { devices: [{ type: 'x', path: '/d' }] } }, /pattern/],
    ['seccomp that says nothing', { linux: { seccomp: {} } }, /'defaultAction'/],
    ['seccomp that is true', { linux: { seccomp: true } }, /must be object, found true/],
  ];
  for (const [title, change, message] of refused) {
    test(`${title} is refused`, () => {
      const value = { ...spec, ...change };
      assert.throws(() => checkSpec(value), { name: 'HookError', code: 'bundle', message });
    });
  }

  test('a device’s whole st_mode, as Docker and podman write it, is accepted', () => {
    const devices = [{ type: 'c', path: '/dev/fuse', major: 10, minor: 229, fileMode: 8630 }];
    assert.deepEqual(checkSpec({ ...spec, linux: { devices } }).linux?.devices, devices);
  });

  test('members that nobody knows, and parts that are not used, are accepted whatever they hold', () => {
    checkSpec({ ...spec, 'x-vendor': 1, linux: { resources: 'none' }, windows: 0 });
  });
});
