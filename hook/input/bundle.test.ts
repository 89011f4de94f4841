import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { HookError } from '#hook/errors';
import { type Bundle, loadBundle } from './bundle.ts';
import { makeDirectory } from './directory.fixture.ts';
import type { ContainerState } from './state.ts';

const spec = {
  ociVersion: '1.0.2',
  root: { path: 'rootfs' },
  process: { cwd: '/', args: ['sh'] },
};

function makeBundle(config: object | string = spec) {
  const directory = makeDirectory();
  mkdirSync(join(directory.path, 'rootfs'));
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  writeFileSync(join(directory.path, 'config.json'), text, { mode: 0o600 });
  return directory;
}

function stateOf(bundle: string, root?: string, id = 'c1'): ContainerState {
  const common = { id, pid: 1, bundle, status: 'creating', annotations: new Map() };
  return root === undefined ? common : { ...common, root };
}

function assertRefused(load: () => Bundle, message: RegExp): void {
  assert.throws(load, (error) => {
    assert.ok(error instanceof HookError);
    assert.equal(error.code, 'bundle');
    assert.match(error.message, message);
    assert.match(error.message, /^[ -~]{1,900}$/);
    return true;
  });
}

describe('loadBundle', () => {
  test('a relative root.path is below the bundle', () => {
    using bundle = makeBundle();
    const { rootfs, configPath } = loadBundle(stateOf(bundle.path));
    assert.equal(rootfs, join(bundle.path, 'rootfs'));
    assert.equal(configPath, join(bundle.path, 'config.json'));
  });

  test('an absolute root.path is taken as it is', () => {
    using other = makeBundle();
    const root = { path: join(other.path, 'rootfs') };
    using bundle = makeBundle({ ...spec, root });
    assert.equal(loadBundle(stateOf(bundle.path)).rootfs, root.path);
  });

  test('slashes and dots too many make no difference', () => {
    using bundle = makeBundle({ ...spec, root: { path: './/rootfs/./' } });
    const state = stateOf(`${bundle.path}//`);
    assert.equal(loadBundle(state).rootfs, join(bundle.path, 'rootfs'));
  });

  test('links on the way to the rootfs are resolved, as mountinfo shows it', () => {
    using bundle = makeBundle({ ...spec, root: { path: 'way/rootfs' } });
    mkdirSync(join(bundle.path, 'real/rootfs'), { recursive: true });
    symlinkSync('real', join(bundle.path, 'way'));
    assert.equal(loadBundle(stateOf(bundle.path)).rootfs, join(bundle.path, 'real/rootfs'));
  });

  test('crun’s root comes first, and its config.json copy serves where the bundle is /', () => {
    using bundle = makeBundle();
    const root = join(bundle.path, 'rootfs');
    const id = `oci-measure-test-${randomUUID()}`;
    const copy = join('/run/crun', id);
    mkdirSync(copy, { recursive: true });
    try {
      const text = JSON.stringify({ ...spec, root: { path: root } });
      writeFileSync(join(copy, 'config.json'), text, { mode: 0o700 });
      const { rootfs, configPath } = loadBundle(stateOf('/', root, id));
      assert.deepEqual({ rootfs, configPath }, { rootfs: root, configPath: `${copy}/config.json` });
      rmSync(join(bundle.path, 'config.json'));
      assert.equal(loadBundle(stateOf(bundle.path, root, id)).configPath, `${copy}/config.json`);
      // runc's container may have the same id: its state has no root, and the copy is not its.
      assertRefused(() => loadBundle(stateOf(bundle.path, undefined, id)), /no config\.json/);
    } finally {
      rmSync(copy, { recursive: true });
    }
  });

  test('a state’s root and config.json’s that name one directory differently agree', () => {
    using bundle = makeBundle();
    const { rootfs } = loadBundle(stateOf(bundle.path, join(bundle.path, 'rootfs')));
    assert.equal(rootfs, join(bundle.path, 'rootfs'));
  });

  test('a state’s root that is not config.json’s is refused', () => {
    using bundle = makeBundle();
    mkdirSync(join(bundle.path, 'other'));
    assertRefused(() => loadBundle(stateOf(bundle.path, 'other')), /"other" is not .*"rootfs"/);
  });

  test('a bundle that is not there is refused', () => {
    assertRefused(
      () => loadBundle(stateOf('/var/lib/no-such-bundle')),
      /no config\.json: expected/,
    );
  });

  test('a bundle without config.json is refused, and both places are named under crun', () => {
    using bundle = makeDirectory();
    assertRefused(() => loadBundle(stateOf(bundle.path)), /no config\.json: expected "[^"]*"$/);
    assertRefused(
      () => loadBundle(stateOf(bundle.path, 'rootfs')),
      /expected ".*" or "\/run\/crun\/c1\/config\.json"/,
    );
  });

  test('bundle / without crun’s root means /config.json, which is not there', () => {
    assertRefused(() => loadBundle(stateOf('/')), /no config\.json: expected "\/config\.json"/);
  });

  const roots: readonly [string, unknown, RegExp][] = [
    ['a root.path with ..', '../rootfs', /has a "\.\."/],
    ['a root.path with .. further down', 'rootfs/../rootfs', /has a "\.\."/],
    ['an absolute root.path with ..', '/var/../rootfs', /has a "\.\."/],
    ['an empty root.path', '', /is empty/],
    ['a root.path with a NUL', 'root\0fs', /NUL/],
    ['a root.path with a newline', 'root\nfs', /control characters/],
    ['a root.path that is not there', 'missing', /cannot be looked at/],
    ['a root.path through what is not there', 'missing/rootfs', /cannot be resolved/],
    ['a root.path that is a file', 'config.json', /is not a directory/],
    ['a root.path below a file', 'config.json/rootfs', /cannot be/],
    ['a root.path that is a number', 1, /must be string, found 1/],
    ['a root.path of 5,000 bytes', 'a'.repeat(5000), /cannot be looked at/],
  ];
  for (const [title, path, message] of roots) {
    test(`${title} is refused`, () => {
      using bundle = makeBundle({ ...spec, root: { path } });
      assertRefused(() => loadBundle(stateOf(bundle.path)), message);
    });
  }

  test('a root.path whose last component is a link is refused', () => {
    using bundle = makeBundle();
    renameSync(join(bundle.path, 'rootfs'), join(bundle.path, 'real'));
    symlinkSync('real', join(bundle.path, 'rootfs'));
    assertRefused(() => loadBundle(stateOf(bundle.path)), /"rootfs" is a symbolic link/);
    assertRefused(() => loadBundle(stateOf(bundle.path, 'rootfs/')), /is a symbolic link/);
  });

  const texts: readonly [string, string, RegExp][] = [
    ['an empty config.json', '', /is empty/],
    ['a config.json cut off', '{"ociVersion":"1.0"', /expected , or }/],
    ['a config.json that is no object', '[]', /must be object, found an array/],
    ['a config.json without root', '{"ociVersion":"1.0"}', /has no root/],
    ['a member twice', '{"ociVersion":"1","root":{"path":"a"},"root":{"path":"b"}}', /there twice/],
    ['a member in another case', '{"ociVersion":"1","Root":{"path":"a"}}', /can be taken for/],
  ];
  for (const [title, text, message] of texts) {
    test(`${title} is refused`, () => {
      using bundle = makeBundle(text);
      assertRefused(() => loadBundle(stateOf(bundle.path)), message);
    });
  }

  test('a config.json of 17 MiB is refused before it is read', () => {
    using bundle = makeBundle();
    truncateSync(join(bundle.path, 'config.json'), 17 * 1024 * 1024);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /larger than 16777216 bytes/);
  });

  test('4096 mounts are read, ten thousand are refused', () => {
    const mounts = Array.from({ length: 10_000 }, (_, index) => ({
      destination: `/data/${index}`,
      type: 'bind',
      source: `/srv/${index}`,
      options: ['rbind', 'ro'],
    }));
    using large = makeBundle({ ...spec, mounts: mounts.slice(0, 4096) });
    assert.equal(loadBundle(stateOf(large.path)).spec.mounts?.length, 4096);
    using bundle = makeBundle({ ...spec, mounts });
    assertRefused(() => loadBundle(stateOf(bundle.path)), /at most 4096 mounts .* found 10000/);
  });

  test('a config.json that is a link, a directory or a fifo is refused, and the fifo does not hold us', () => {
    using bundle = makeBundle();
    const config = join(bundle.path, 'config.json');
    renameSync(config, join(bundle.path, 'real.json'));
    symlinkSync('real.json', config);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /is a symbolic link/);
    rmSync(config);
    mkdirSync(config);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /is not a regular file/);
    rmSync(config, { recursive: true });
    execFileSync('mkfifo', [config]);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /is not a regular file/);
  });

  test('a config.json that others could have written is refused', () => {
    using bundle = makeBundle();
    const config = join(bundle.path, 'config.json');
    chmodSync(config, 0o666);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /is writable by everybody/);
    chmodSync(config, 0o664);
    chownSync(config, 0, 1000);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /is writable by group 1000/);
    chmodSync(config, 0o644);
    chownSync(config, 1000, 0);
    assertRefused(() => loadBundle(stateOf(bundle.path)), /belongs to uid 1000, expected root/);
  });
});
