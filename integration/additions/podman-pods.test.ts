import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startHost } from '#integration/host';
import { readLog } from '#integration/replay-oracle';
import { makeImages } from './images.ts';
import { Podman } from './podman.ts';
import { assertImage, type Bench, recordOf } from './recorded.ts';

for (const runtime of ['runc', 'crun'] as const) {
  describe(`a pod of podman with ${runtime}`, () => {
    const stack = new AsyncDisposableStack();
    let bench: Bench;
    let podman: Podman;

    before(async () => {
      const host = stack.use(await startHost());
      const images = await makeImages(`${host.directory}/images`);
      podman = stack.use(new Podman(host, { runtime }));
      await podman.load(images);
      bench = { host, images, engine: podman };
    });
    after(async () => await stack.disposeAsync());

    const shared = ['--share', 'ipc,uts'];

    test('has a container of its own that is measured as its image', async () => {
      const infra = ['--infra-image', podman.image('bare'), '--infra-command', '/bin/true'];
      const pod = await podman.must('pod', 'create', ...shared, ...infra);
      const format = ['--format', '{{.InfraContainerID}}'];
      const id = await podman.must('pod', 'inspect', ...format, pod);
      assert.equal((await podman.start(id)).exitCode, 0);
      assertImage(bench, id, 'bare', 'pristine');
      await podman.must('pod', 'rm', '--force', pod);
    });

    test('has by default one of podman’s own making, whose layer is pristine', async () => {
      const pod = await podman.must('pod', 'create', ...shared);
      await podman.must('pod', 'start', pod);
      const id = String(readLog(bench.host).at(-1)?.event['id']);
      assert.deepEqual(recordOf(bench.host, id)['writable'], ['pristine']);
      await podman.must('pod', 'rm', '--force', '--time=0', pod);
    });

    test('has containers that are measured as their images', async () => {
      const infra = ['--infra-image', podman.image('bare'), '--infra-command', '/bin/sleep 60'];
      const pod = await podman.must('pod', 'create', ...shared, ...infra);
      const id = await podman.create('user', ['--pod', pod], ['/bin/true']);
      assert.equal((await podman.start(id)).exitCode, 0);
      assertImage(bench, id, 'user', 'pristine');
      await podman.must('pod', 'rm', '--force', '--time=0', pod);
    });
  });
}
