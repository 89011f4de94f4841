import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { startByContainerd } from './ctr.ts';
import { containerEntry, hashAndPath, ImaHost, imageEntry, RECORDS } from './ima-host.ts';
import { bootMachine, type Machine } from './machine.ts';

/** A machine takes one to two minutes, four where others work beside it. */
const PATIENCE_MS = 600_000;

/** In order: a site sets IMA up, starts containers, breaks this and that, reboots, and takes everything away again. Two machines at once take two cores. */
describe('a machine whose kernel lists its containers', {
  concurrency: 2,
  timeout: PATIENCE_MS,
}, () => {
  for (const [release, init] of [
    ['bookworm', 'nothing'],
    ['trixie', 'systemd'],
  ] as const) {
    describe(`of ${release}, with ${init} for an init system`, {
      concurrency: 1,
      timeout: PATIENCE_MS,
    }, () => {
      const hasSystemd = init === 'systemd';
      const commandLine = hasSystemd ? 'guest=systemd' : '';
      let machine: Machine;
      let host: ImaHost;
      let found: string;
      const settings = `
    find /etc/ima /etc/systemd -printf '%M %U:%G %p %l\\n'
    find /etc/ima /etc/systemd -type f -exec sha256sum {} +`;
      before(async () => {
        machine = await bootMachine({ kernel: release, userland: release, commandLine });
        host = new ImaHost(machine);
        await host.configure('[ima]\nmode = "require"\n');
        await machine.sh('mkdir /etc/ima && echo dont_measure fsmagic=0x9fa0 >/etc/ima/ima-policy');
        found = await machine.sh(settings);
      });
      after(async () => {
        await machine[Symbol.asyncDispose]();
      });

      /** What doctor finds that can be mended: the banks that the older kernel pads cannot. */
      async function findings(): ReturnType<ImaHost['imaFindings']> {
        return (await host.imaFindings()).filter(({ mend }) => !mend?.startsWith('nothing'));
      }

      async function lastStart(): Promise<string[]> {
        const start = (await host.loggedStarts()).at(-1);
        assert.ok(start);
        return [imageEntry(start.rootfs), containerEntry(start)];
      }

      test('has no container before the rule is in force, and doctor says so', async () => {
        await host.command('install ima');
        const [finding, ...others] = await findings();
        assert.match(finding?.found ?? '', /the rule is not in force/);
        assert.equal(finding?.mend, 'oci-measure install ima --load');
        assert.deepEqual(others, []);
        const { exitCode, stdout, stderr } = await host.runContainer('early', {
          args: ['/bin/echo', 'up'],
        });
        assert.notEqual(exitCode, 0);
        assert.equal(stdout, '');
        assert.match(stderr, /container early not measured: .*container not-covered.*\[ima\]/);
      });

      test('has nothing that doctor would mend once the rule was loaded', async () => {
        assert.match(await host.command('install ima --load'), /^proved: /m);
        const padded = /PCR 10 in sha384 and sha512: .* padded with zeros/;
        const all = await host.imaFindings();
        assert.deepEqual(
          all.map(({ found: what }) => padded.test(what)),
          release === 'bookworm' ? [true] : [],
          JSON.stringify(all),
        );
      });

      test('lists the image and the start of a container of runc', async () => {
        const listed = await host.listedBy(async () => {
          const { exitCode, stderr } = await host.runContainer('web');
          assert.equal(exitCode, 0, stderr);
        });
        assert.deepEqual(listed.map(hashAndPath), await lastStart());
        const [{ digest, record }] = JSON.parse(await host.command('containers web --json'));
        assert.ok(listed[0]?.path.endsWith(`/images/${digest.replace(':', '-')}`));
        assert.ok(listed[1]?.path.endsWith(`/containers/${record.slice('sha256:'.length)}`));
      });

      test('lists the start alone of a second container of that image, by containerd', async () => {
        const listed = await host.listedBy(async () => {
          assert.equal(await startByContainerd(host, 'second', 'echo inside'), 'inside\n');
        });
        const [image = '', container] = await lastStart();
        assert.deepEqual(listed.map(hashAndPath), [container]);
        assert.ok((await host.readList()).map(hashAndPath).includes(image));
        assert.match(await host.command('containers second'), /second/);
      });

      test('lists a container that is started again with its id and its image', async () => {
        const listed = await host.listedBy(async () => await host.runContainer('web'));
        const [, container] = await lastStart();
        assert.deepEqual(listed.map(hashAndPath), [container]);
      });

      test("lists an image with its publisher's signature", async () => {
        const signature = '030204a1b2c3d40003112233';
        await machine.sh('cp -a /srv/busybox /srv/signed && touch /srv/signed/etc/release');
        const digest = (await machine.sh('/opt/oci-measure digest /srv/signed')).trim();
        const directory = '/etc/oci-measure/signatures';
        await machine.sh(`mkdir ${directory}`);
        const file = `${directory}/${digest.replace(':', '-')}`;
        await machine.copyIn(file, Buffer.from(signature, 'hex'));
        await host.configure(`[ima]\nmode = "require"\nsignatures = "${directory}"\n`);
        const listed = await host.listedBy(async () => {
          const { exitCode, stderr } = await host.runContainer('signed', {}, '/srv/signed');
          assert.equal(exitCode, 0, stderr);
        });
        assert.deepEqual(listed.map(hashAndPath), await lastStart());
        assert.deepEqual(
          listed.map((entry) => entry.signature),
          [signature, ''],
        );
      });

      test('lists a container where securityfs is not mounted, which doctor finds', async () => {
        await machine.sh('umount /sys/kernel/security');
        const [finding, ...others] = await findings();
        assert.match(finding?.found ?? '', /securityfs is not mounted/);
        assert.deepEqual(others, []);
        const { exitCode, stderr } = await host.runContainer('hidden');
        assert.equal(exitCode, 0, stderr);
        await machine.sh(finding?.mend ?? '');
        const [, container = ''] = await lastStart();
        assert.equal(hashAndPath((await host.readList()).at(-1) ?? assert.fail()), container);
      });

      test('is found by doctor to lack its record filesystem, which install brings back', async () => {
        await machine.sh(`umount ${RECORDS}`);
        const [finding, ...others] = await findings();
        assert.match(finding?.found ?? '', /expected a filesystem mounted there/);
        assert.deepEqual(others, []);
        await machine.sh(`PATH=$PATH:/opt; ${finding?.mend}`);
        assert.deepEqual(await findings(), []);
      });

      test('has a list that ima-evm-utils accepts, and that tells what the measurement log tells', async () => {
        await host.assertListReplays();
        await host.assertReplays();
        await host.assertOneStory();
      });

      test('denies a container when the TPM is dead, and says that list and PCR part ways', async () => {
        await machine.killTpm();
        // Whether the kernel has a list, the hook knows without it.
        if (hasSystemd) await machine.sh('umount /sys/kernel/security');
        const { exitCode, stdout, stderr } = await host.runContainer('dead', {
          args: ['/bin/echo', 'up'],
        });
        assert.notEqual(exitCode, 0);
        assert.equal(stdout, '');
        assert.match(stderr, /container dead not measured: .*part ways.*\[tpm\]/);
      });

      test('lists an image anew after a reboot', async () => {
        await machine.reboot(commandLine);
        // systemd mounts the filesystem, and has the kernel take the policy.
        if (!hasSystemd) await host.command('install ima --load');
        assert.deepEqual(await findings(), []);
        const listed = await host.listedBy(async () => {
          const { exitCode, stderr } = await host.runContainer('web');
          assert.equal(exitCode, 0, stderr);
        });
        assert.deepEqual(listed.map(hashAndPath), await lastStart());
        await host.assertListReplays();
        await host.assertOneStory();
      });

      test('is as it was when all of it was taken away', async () => {
        assert.notEqual(await machine.sh(settings), found);
        await host.command('uninstall ima');
        assert.equal(await machine.sh(settings), found);
      });
    });
  }
});
