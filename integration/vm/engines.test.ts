import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GuestHost } from './containers.ts';
import { engines, settings } from './engines.ts';
import { bootMachine, type Machine } from './machine.ts';

const versions = {
  bookworm: 'podman 4.3, crun 1.8, runc 1.1, containerd 1.6, Docker 20.10',
  trixie: 'podman 5.4, crun 1.21, runc 1.1, containerd 1.7, Docker 26.1',
};

/** What is configured, and what is installed. */
const FILES = `find /etc/containerd /etc/docker/daemon.json /usr/libexec /usr/share/containers \\
  -printf '%p %M %U:%G %l\\n' -type f -exec sha256sum {} + | sort`;

for (const release of ['bookworm', 'trixie'] as const) {
  describe(`a machine with the engines of ${release} (${versions[release]}), all installed,`, () => {
    let machine: Machine;
    let host: GuestHost;
    let found: string;
    let image: string;
    before(async () => {
      const timeoutSeconds = 300;
      machine = await bootMachine({ kernel: release, userland: release, timeoutSeconds });
      host = new GuestHost(machine);
      await host.configure();
      await machine.sh('mkdir -p /etc/containerd /etc/docker');
      for (const [path, text] of Object.entries(settings)) await machine.copyIn(path, text);
      found = await machine.sh(FILES);
      image = await machine.sh('/opt/oci-measure digest docker-archive:/srv/busybox.tar');
      await machine.sh(
        'for engine in podman containerd docker; do /opt/oci-measure install $engine; done',
      );
    });
    after(async () => {
      await machine[Symbol.asyncDispose]();
    });

    for (const engine of engines) {
      test(`measures a container of ${engine.title}`, async () => {
        await machine.sh(engine.start);
        await engine.run(host);
        const record = (await host.assertReplays()).at(-1);
        assert.equal(record?.['type'], 'container');
        assert.equal(record['view'], 'overlay');
        assert.equal(record['rootfs'], image.trim());
        assert.deepEqual(record['writable'], Array(engine.writable).fill('pristine'));
      });
    }

    if (release === 'trixie') {
      test('measures of podman, once uninstalled, the one container that asks for it by CDI', async () => {
        await machine.sh(`
          /opt/oci-measure uninstall podman
          /opt/oci-measure install docker --cdi`);
        const run = 'podman run --rm --network none';
        const { length } = await host.assertReplays();
        await machine.sh(`${run} localhost/busybox true`);
        assert.equal((await host.assertReplays()).length, length);
        await machine.sh(`${run} --device oci-measure/container=measured localhost/busybox true`);
        assert.equal((await host.assertReplays()).length, length + 1);
      });
    }

    if (release === 'bookworm') {
      test('lets a container of rootless podman start, unmeasured', async () => {
        await machine.sh(`
          useradd --create-home user
          mkdir -p /run/user/1000
          chown user /run/user/1000`);
        const { length } = await host.assertReplays();
        const rootless = (words: string): string =>
          `su - user -c 'XDG_RUNTIME_DIR=/run/user/1000 podman ${words}'`;
        await machine.sh(rootless('load --quiet -i /srv/busybox.tar'));
        const printed = await machine.sh(
          rootless('run --rm --network none localhost/busybox echo inside'),
        );
        assert.equal(printed, 'inside\n');
        assert.equal((await host.assertReplays()).length, length);
      });

      test('is as it was when all was taken away', async () => {
        await machine.sh(`
          kill $(cat /run/docker.pid) $(pidof containerd)
          for engine in podman containerd docker; do /opt/oci-measure uninstall $engine --force; done`);
        assert.equal(await machine.sh(FILES), found);
      });
    }
  });
}
