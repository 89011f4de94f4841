import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { writeBundle } from '#integration/bundle';
import { startHost } from '#integration/host';
import { runContainer } from '#integration/runtime';
import { startDocker } from './docker.ts';
import { makeImages } from './images.ts';
import { Podman } from './podman.ts';
import { digestWithout } from './pruned-listing.ts';
import { type Bench, recordOf } from './recorded.ts';
import { cases } from './without-overlay.ts';

const engines = {
  'podman with vfs and runc': (host: Bench['host']) =>
    new Podman(host, { runtime: 'runc', storageDriver: 'vfs' }),
  'podman with vfs and crun': (host: Bench['host']) =>
    new Podman(host, { runtime: 'crun', storageDriver: 'vfs' }),
  'Docker with vfs and userns-remap': async (host: Bench['host']) =>
    await startDocker(host, { storageDriver: 'vfs', remapped: 'daemon' }),
  'Docker with vfs': async (host: Bench['host']) =>
    await startDocker(host, { storageDriver: 'vfs' }),
};

for (const [title, startEngine] of Object.entries(engines)) {
  describe(`without an overlay, under ${title},`, () => {
    const stack = new AsyncDisposableStack();
    let bench: Bench;

    before(async () => {
      const host = stack.use(await startHost());
      const images = await makeImages(`${host.directory}/images`);
      const engine = stack.use(await startEngine(host));
      await engine.load(images);
      bench = { host, images, engine };
    });
    after(async () => await stack.disposeAsync());

    for (const { title: what, image, options = [], change, isImage } of cases)
      test(`${isImage ? 'nothing but what is named is missing' : 'what is not the image’s shows'}: ${what}`, async () => {
        const { host, images, engine } = bench;
        const id = await engine.create(image, options, ['/bin/true']);
        if (change !== undefined) await engine.change(id, change);
        const { exitCode, stderr } = await engine.start(id);
        assert.equal(exitCode, 0, stderr);
        const record = recordOf(host, id);
        assert.deepEqual([record['view'], record['writable']], ['merged', []]);
        const expected = await digestWithout(
          `oci:${images[image].layout}`,
          record['pruned'] as string[],
        );
        assert.equal(record['rootfs'] === expected, isImage, JSON.stringify(record['pruned']));
        await engine.remove(id);
      });
  });
}

describe('a plain directory', () => {
  for (const runtime of ['runc', 'crun'] as const)
    for (const readonlyRoot of [false, true])
      test(`shows the image without the mountpoints that are named (${runtime}${readonlyRoot ? ', read-only' : ''})`, async () => {
        await using host = await startHost();
        const { bare } = await makeImages(`${host.directory}/images`);
        const unpacked = `${host.directory}/unpacked`;
        await execa('umoci', ['unpack', '--image', `${bare.layout}:latest`, unpacked]);
        const bundle = `${host.directory}/bundle`;
        mkdirSync(`${bundle}/rootfs`, { recursive: true });
        await execa('cp', ['-a', `${unpacked}/rootfs/.`, `${bundle}/rootfs`]);
        writeBundle(bundle, {
          rootPath: `${bundle}/rootfs`,
          hooks: { createRuntime: [host.hookEntry()] },
          readonlyRoot,
          mounts: [
            {
              destination: '/secrets/token',
              type: 'bind',
              source: '/etc/hostname',
              options: ['bind'],
            },
            { destination: '/new/volume', type: 'tmpfs', source: 'tmpfs' },
          ],
        });
        const { exitCode, stderr } = await runContainer(runtime, 'plain', bundle);
        assert.equal(exitCode, 0, stderr);
        const record = recordOf(host, 'plain');
        const pruned = ['./dev', './new', './new/volume', './proc'];
        const secrets = ['./secrets', './secrets/token'];
        assert.deepEqual(record['pruned'], [...pruned, ...secrets]);
        const expected = await digestWithout(`oci:${bare.layout}`, record['pruned']);
        assert.deepEqual([record['view'], record['rootfs']], ['merged', expected]);
      });
});
