import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { digestOf } from '#integration/digest-of';
import { oneLayer } from '#integration/images';
import { assertReplays, readLog } from '#integration/replay-oracle';
import { containerd } from './containerd.ts';
import { docker } from './docker.ts';
import type { InstalledEngine } from './engine.ts';
import { podman } from './podman.ts';
import { type PrivateHost, startPrivateHost } from './private-host.ts';
import { changedSettings, readSettings, type Settings } from './settings.ts';

interface Finding {
  readonly engine?: string;
  readonly mend?: string;
}

for (const engineUnderTest of [podman, containerd, docker]) {
  const { name, settings, runtimes, writable } = engineUnderTest;
  /** In order: what somebody does who tries the program out on a machine of theirs, and takes it away again. */
  describe(`a machine with ${name}`, () => {
    const stack = new AsyncDisposableStack();
    let host: PrivateHost;
    let engine: InstalledEngine;
    let found: Settings;
    before(async () => {
      host = stack.use(await startPrivateHost());
      for (const [path, text] of Object.entries(settings)) host.write(path, text);
      engine = stack.use(await engineUnderTest.boot(host));
      found = readSettings(host);
    });
    after(async () => await stack.disposeAsync());

    function records(): number {
      return existsSync(`${host.state}/measurements.cel`) ? readLog(host).length : 0;
    }

    async function isInstallAdvised(): Promise<boolean> {
      const { stdout, stderr } = await host.oci('doctor', '--json');
      assert.ok(stdout.startsWith('{'), stderr);
      const { findings } = JSON.parse(stdout) as { findings: Finding[] };
      const ofEngine = findings.filter(({ engine: of }) => of === name);
      assert.notEqual(ofEngine.length, 0);
      return ofEngine.some(({ mend }) => mend === `oci-measure install ${name}`);
    }

    async function start(): Promise<void> {
      const { exitCode, stderr } = await engine.start();
      assert.equal(exitCode, 0, stderr);
    }

    test('measures nothing before, and doctor advises to install it', async () => {
      await start();
      assert.equal(records(), 0);
      assert.equal(await isInstallAdvised(), true);
    });

    test('is shown what an installation would do, and stays as it is', async () => {
      const { exitCode, stdout, stderr } = await host.oci('install', name, '--dry-run');
      assert.equal(exitCode, 0, stderr);
      assert.match(stdout, /^\+\+\+ /m);
      assert.deepEqual(changedSettings(host, found), []);
    });

    test('measures the next container once it was installed and taken in', async () => {
      const { exitCode, stderr } = await host.oci('install', name);
      assert.equal(exitCode, 0, stderr);
      await engine.restart();
      await start();
      const [, ...starts] = await assertReplays(host);
      assert.equal(starts.length, runtimes);
      const digest = await digestOf(`oci-archive:${oneLayer.ociArchive}`);
      for (const record of starts) {
        assert.equal(record['type'], 'container');
        assert.equal(record['rootfs'], digest);
        assert.deepEqual(record['writable'], Array(writable).fill('pristine'));
      }
    });

    test('has nothing left to install in the eyes of doctor', async () => {
      assert.equal(await isInstallAdvised(), false);
    });

    test('is not changed by a second installation', async () => {
      const installed = readSettings(host);
      const { exitCode, stderr } = await host.oci('install', name);
      assert.equal(exitCode, 0, stderr);
      assert.deepEqual(changedSettings(host, installed), []);
    });

    test('is as it was, to the byte, when all was taken away and that was taken in', async () => {
      const first = await host.oci('uninstall', name);
      assert.equal(first.exitCode, 0, first.stderr);
      await start();
      await engine.restart();
      // Without systemd nobody can tell that it was restarted.
      const second = await host.oci('uninstall', name, '--force');
      assert.equal(second.exitCode, 0, second.stderr);
      assert.deepEqual(changedSettings(host, found), []);
    });

    test('starts containers without the program', async () => {
      const measured = records();
      await start();
      assert.equal(records(), measured);
    });
  });
}

describe('a machine whose TPM is dead', () => {
  test('has nothing installed that would deny every container, unless that is wanted', async () => {
    await using host = await startPrivateHost();
    await host.tpm.kill();
    const found = readSettings(host);
    const refused = await host.oci('install', 'podman');
    assert.equal(refused.exitCode, 1);
    assert.match(refused.stderr, /--force/);
    const shown = await host.oci('install', 'podman', '--dry-run');
    assert.equal(shown.exitCode, 1);
    assert.match(shown.stdout, /^\+\+\+ .*hooks\.d\/oci-measure\.json/m);
    assert.match(shown.stderr, /would not start/);
    assert.deepEqual(changedSettings(host, found), []);
    const { exitCode, stderr } = await host.oci('install', 'podman', '--force');
    assert.equal(exitCode, 0, stderr);
    assert.notDeepEqual(changedSettings(host, found), []);
  });
});
