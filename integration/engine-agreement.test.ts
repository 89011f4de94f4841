import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { digestOf } from './digest-of.ts';
import { startContainerd } from './engines/containerd.ts';
import { startDocker } from './engines/docker.ts';
import type { Engine, ImageFiles } from './engines/engine.ts';
import { lastRecord } from './engines/last-record.ts';
import { startPodman } from './engines/podman.ts';
import { type Host, startHost } from './host.ts';
import { manyLayers, oneLayer } from './images.ts';
import { assertReplays } from './replay-oracle.ts';

const images = { 'Debian in one layer': oneLayer, 'an image of many layers': manyLayers };

for (const [title, image] of Object.entries(images)) {
  describe(`the digest of ${title}, never unpacked, is`, () => {
    const stack = new AsyncDisposableStack();
    let host: Host;
    let offline: string;

    before(async () => {
      host = stack.use(await startHost());
      offline = await digestOf(`oci:${image.gzip}`);
    });
    after(async () => await stack.disposeAsync());

    test('what the hook records when containerd runs it', async () => {
      await using containerd = await startContainerd(host);
      assert.equal(await recorded(host, containerd, image), offline);
    });

    test('what the hook records when Docker runs it, and that of what Docker saves', async () => {
      await using docker = await startDocker(host);
      assert.equal(await recorded(host, docker, image), offline);
      const saved = `${host.directory}/saved.tar`;
      await docker.save(saved);
      assert.equal(await digestOf(`docker-archive:${saved}`), offline);
    });

    test('what the hook records when podman runs it, and that of what podman mounts', async () => {
      await using podman = startPodman(host);
      assert.equal(await recorded(host, podman, image), offline);
      assert.equal(await digestOf(await podman.mount()), offline);
    });

    test('that of what umoci unpacks', async () => {
      const bundle = `${host.directory}/umoci`;
      await execa('umoci', ['unpack', '--image', `${image.gzip}:latest`, bundle]);
      assert.equal(await digestOf(`${bundle}/rootfs`), offline);
    });
  });
}

/** What the hook writes down when an engine starts a container of an image. */
async function recorded(host: Host, engine: Engine, image: ImageFiles): Promise<unknown> {
  await engine.load(image);
  const { exitCode, stderr } = await engine.start(`by-${engine.name}`);
  assert.equal(exitCode, 0, stderr);
  await assertReplays(host);
  return lastRecord(host, engine)['rootfs'];
}
