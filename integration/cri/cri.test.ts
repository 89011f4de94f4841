import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { digestOf } from '#integration/digest-of';
import { type Host, startHost } from '#integration/host';
import { manyLayers } from '#integration/images';
import { assertReplays, readLog } from '#integration/replay-oracle';
import { writeBaseSpec } from './base-spec.ts';
import { type CriContainerd, startCri, writeCriConfiguration } from './containerd.ts';
import { IMAGE } from './images.ts';
import { Pod } from './pod.ts';

const app = { name: 'app', image: IMAGE, command: ['/bin/true'] };

/** As a kubelet has it. */
describe('a pod of containerd, with the hook in the base spec of its runtime,', () => {
  const stack = new AsyncDisposableStack();
  let host: Host;
  let containerd: CriContainerd;
  before(async () => {
    host = stack.use(await startHost());
    const directory = `${host.directory}/containerd`;
    const baseSpec = `${host.directory}/base-spec.json`;
    await writeBaseSpec(host, baseSpec);
    writeCriConfiguration(directory, `base_runtime_spec = "${baseSpec}"`);
    containerd = stack.use(await startCri(directory));
    await containerd.load(manyLayers.gzip);
  });
  after(async () => await stack.disposeAsync());

  test('has a record of each container: the digest of the image that was never unpacked, the pod, the name', async () => {
    await using pod = await Pod.run(containerd.cri, 'web');
    const offline = await digestOf(`oci:${manyLayers.gzip}`);
    for (const name of ['app', 'sidecar']) {
      const id = await pod.start({ ...app, name });
      assert.equal(await pod.ended(id), 0);
      const record = (await assertReplays(host)).at(-1);
      assert.equal(record?.['type'], 'container');
      assert.equal(record['id'], id);
      assert.equal(record['rootfs'], offline);
      assert.deepEqual(record['writable'], ['pristine']);
      const annotations = { container: name, image: IMAGE, namespace: 'default', pod: 'web' };
      assert.deepEqual(record['annotations'], annotations);
    }
  });

  test('has no record of its sandbox, which containerd makes without the base spec: it is listed as unmeasured', async () => {
    const { length } = readLog(host);
    await using pod = await Pod.run(containerd.cri, 'empty');
    assert.equal(readLog(host).length, length);
    const { stdout } = await host.oci('containers', '--json');
    const listed: Record<string, unknown>[] = JSON.parse(stdout);
    const sandbox = listed.find(({ id }) => id === pod.id);
    assert.equal(sandbox?.['measured'], false);
    assert.equal(sandbox['class'], 'sandbox');
    assert.equal(sandbox['pod'], 'empty');
  });

  test('has the limit of open files that containerd itself has', async () => {
    await using pod = await Pod.run(containerd.cri, 'limits');
    const id = await pod.start({ ...app, command: ['/bin/sleep', '60'] });
    const request = { container_id: id, cmd: ['/bin/sh', '-c', 'ulimit -n'] };
    const { stdout } = await containerd.cri.call('ExecSync', request);
    assert.notEqual(String(stdout).trim(), '1024');
  });

  test('has no container that cannot be measured, and says why', async () => {
    await using pod = await Pod.run(containerd.cri, 'unmeasured');
    await host.tpm[Symbol.asyncDispose]();
    await assert.rejects(pod.start(app), /hook.*container [0-9a-f]{12}.* not measured: .*\[tpm\]/);
  });
});
