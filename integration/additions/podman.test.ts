import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Host, startHost } from '#integration/host';
import { readLog } from '#integration/replay-oracle';
import { type Image, type ImageName, makeImages } from './images.ts';
import { Podman } from './podman.ts';
import { fresh, type Scenario, tampered } from './scenarios.ts';

for (const runtime of ['runc', 'crun'] as const) {
  describe(`podman with ${runtime}`, () => {
    const stack = new AsyncDisposableStack();
    let host: Host;
    let images: Record<ImageName, Image>;
    let podman: Podman;

    before(async () => {
      host = stack.use(await startHost());
      images = await makeImages(`${host.directory}/images`);
      podman = stack.use(new Podman(host, { runtime }));
      await podman.load(images);
    });
    after(async () => await stack.disposeAsync());

    const runScenario = async ({ image, options = [], change, writable }: Scenario) => {
      const command = image === 'scratch' ? '/true' : '/bin/true';
      const { stdout } = await podman.must('create', ...options, podman.image(image), command);
      const id = stdout.trim();
      if (change !== undefined) await podman.change(id, change);
      const { exitCode, stderr } = await podman.command('start', '--attach', id);
      assert.equal(exitCode, 0, stderr);
      await podman.must('rm', '--force', id);
      const record = readLog(host).at(-1)?.event;
      assert.equal(record?.['id'], id);
      assert.deepEqual([record['view'], record['rootfs']], ['overlay', images[image].digest]);
      const expected = writable === 'measured' ? /^\["sha256:[0-9a-f]{64}"\]$/ : /^\["pristine"\]$/;
      assert.match(JSON.stringify(record['writable']), expected);
    };

    for (const scenario of fresh.filter(({ only }) => only !== 'docker'))
      test(`adds nothing that is not explained: ${scenario.title}`, async () => {
        await runScenario(scenario);
      });

    for (const scenario of tampered.filter(({ only }) => only !== 'docker'))
      test(`hides nothing: ${scenario.title}`, async () => {
        await runScenario(scenario);
      });
  });
}
