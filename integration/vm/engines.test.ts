import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GuestHost } from './containers.ts';
import { containerd, docker, podman, settings } from './engines.ts';
import { bootMachine, type Machine } from './machine.ts';

/** What the tests without a machine do not have: crun under podman, AppArmor, a second release. */
const engines = {
  bookworm: [podman('crun'), podman('runc'), containerd],
  trixie: [podman('crun'), containerd, docker],
};
const versions = {
  bookworm: 'podman 4.3, crun 1.8, runc 1.1, containerd 1.6',
  trixie: 'podman 5.4, crun 1.21, runc 1.1, containerd 1.7, Docker 26.1',
};

for (const release of ['bookworm', 'trixie'] as const) {
  describe(`a machine with the engines of ${release} (${versions[release]}), installed,`, () => {
    let machine: Machine;
    let host: GuestHost;
    let image: string;
    before(async () => {
      const timeoutSeconds = 300;
      machine = await bootMachine({ kernel: release, userland: release, timeoutSeconds });
      host = new GuestHost(machine);
      // Under emulation, beside other tests, the TPM's tools take their time.
      await host.configure('[tpm]\ntimeout = 40\n[ima]\nmode = "off"\n');
      await machine.sh('mkdir -p /etc/containerd /etc/docker');
      for (const [path, text] of Object.entries(settings)) await machine.copyIn(path, text);
      image = await machine.sh('/opt/oci-measure digest docker-archive:/srv/busybox.tar');
      for (const name of new Set(engines[release].map((engine) => engine.name))) {
        await machine.sh(`/opt/oci-measure install ${name}`);
      }
    });
    after(async () => {
      await machine[Symbol.asyncDispose]();
    });

    for (const engine of engines[release]) {
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
      test('measures a container of podman that asks for it by CDI alone', async () => {
        await machine.sh('/opt/oci-measure install docker --cdi');
        const { length } = await host.assertReplays();
        const device = '--device oci-measure/container=measured';
        await machine.sh(`
          podman --hooks-dir /run/none run --rm --network none ${device} localhost/busybox true`);
        const events = await host.assertReplays();
        assert.deepEqual(
          events.slice(length).map(({ type }) => type),
          ['container'],
        );
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
    }
  });
}
