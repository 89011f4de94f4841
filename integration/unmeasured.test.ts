import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, symlinkSync } from 'node:fs';
import { describe, test } from 'node:test';
import { execa } from 'execa';
import { type BundleOptions, writeBundle } from './bundle.ts';
import { type Host, startHost } from './host.ts';
import { mountOverlay } from './overlay.ts';
import { debianRootfs } from './program.ts';

type Shown = Readonly<Record<string, unknown>>;

/** Has a container of runc run while something is done. */
async function whileRunning<T>(
  host: Host,
  id: string,
  options: Partial<BundleOptions>,
  action: () => Promise<T>,
): Promise<T> {
  const bundle = `${host.directory}/bundles/${id}`;
  mkdirSync(bundle, { recursive: true });
  await using mount = await mountOverlay(bundle, [debianRootfs]);
  writeBundle(bundle, { rootPath: mount.rootfs, args: ['/bin/sleep', '60'], ...options });
  await execa('runc', ['run', '--detach', '--bundle', bundle, id], { stdio: 'ignore' });
  try {
    return await action();
  } finally {
    await execa('runc', ['delete', '--force', id]);
  }
}

async function shown(host: Host, id: string): Promise<Shown | undefined> {
  const { stdout, stderr } = await host.oci('containers', '--json');
  assert.equal(stderr, '');
  const containers: readonly Shown[] = JSON.parse(stdout);
  return containers.find((container) => container['id'] === id);
}

/** What doctor says about the containers that run now. */
async function diagnosis(host: Host): Promise<string> {
  const { stdout } = await host.oci('doctor', '--json');
  const report: {
    readonly findings: readonly { readonly check: string; readonly found: string }[];
  } = JSON.parse(stdout);
  return report.findings
    .filter(({ check }) => check === 'container')
    .map(({ found }) => found)
    .join('\n');
}

describe('a container that runs', () => {
  test('with a record is measured', async () => {
    await using host = await startHost();
    const id = `measured-${process.pid}`;
    const hooks = { createRuntime: [host.hookEntry()] };
    await whileRunning(host, id, { hooks }, async () => {
      const container = await shown(host, id);
      assert.deepEqual([container?.['measured'], container?.['running']], [true, true]);
      assert.ok(!(await diagnosis(host)).includes(id.slice(0, 12)));
    });
  });

  test('without the hook is shown as unmeasured, and told by doctor', async () => {
    await using host = await startHost();
    const id = `plain-${process.pid}`;
    await whileRunning(host, id, {}, async () => {
      const container = await shown(host, id);
      assert.deepEqual(
        [container?.['measured'], container?.['why'], container?.['class']],
        [false, 'not-seen', 'container'],
      );
      assert.match((await diagnosis(host)).split('\n')[0] ?? '', /containers? without a record: /);
      const table = (await host.oci('containers')).stdout;
      const row = table.split('\n').find((line) => line.startsWith(id));
      assert.match(row ?? table, /^\S+ +unmeasured +not-seen +running +\d{4}-\d\d-\d\dT/);
      const one = (await host.oci('containers', id)).stdout;
      assert.match(one, /^why +the hook was not called$/m);
    });
    assert.equal(await shown(host, id), undefined);
  });

  test('of another host, whose record this one does not have, is unmeasured here', async () => {
    await using there = await startHost();
    await using here = await startHost();
    const id = `elsewhere-${process.pid}`;
    const hooks = { createRuntime: [there.hookEntry()] };
    await whileRunning(there, id, { hooks }, async () => {
      assert.equal((await shown(there, id))?.['measured'], true);
      assert.equal((await shown(here, id))?.['measured'], false);
    });
  });

  test('that the configuration has skipped is told to be so, and which class it is', async () => {
    await using host = await startHost();
    appendFileSync(host.config, '[classes]\nsandbox = "skip"\n');
    const id = `pod-${process.pid}`;
    const annotations = {
      'io.kubernetes.cri.container-type': 'sandbox',
      'io.kubernetes.cri.sandbox-id': id,
    };
    const hooks = { createRuntime: [host.hookEntry()] };
    await whileRunning(host, id, { hooks, annotations }, async () => {
      const container = await shown(host, id);
      assert.deepEqual([container?.['why'], container?.['class']], ['skipped', 'sandbox']);
    });
  });

  test('though it could not be measured, is told to be let start, and why', async () => {
    await using host = await startHost({ toml: '[failure]\naction = "allow"' });
    const id = `allowed-${process.pid}`;
    const hooks = { createRuntime: [host.hookEntry()] };
    // What cannot be measured: another mount inside the tree, which runc binds along.
    const tree = `${host.directory}/tree`;
    for (const name of ['usr', 'srv']) mkdirSync(`${tree}/${name}`, { recursive: true });
    for (const name of ['bin', 'lib', 'lib64']) symlinkSync(`usr/${name}`, `${tree}/${name}`);
    const options = ['bind', 'ro'];
    const mounts = [{ destination: '/usr', source: '/usr', type: 'bind', options }];
    await using _ = await tmpfs(`${tree}/srv`);
    await whileRunning(host, id, { hooks, rootPath: tree, mounts }, async () => {
      const container = await shown(host, id);
      assert.deepEqual([container?.['measured'], container?.['why']], [false, 'allowed']);
      assert.match(String(container?.['reason']), /mount/);
    });
  });
});

async function tmpfs(path: string): Promise<AsyncDisposable> {
  await execa('mount', ['-t', 'tmpfs', 'tmpfs', path]);
  return {
    async [Symbol.asyncDispose]() {
      await execa('umount', [path]);
    },
  };
}
