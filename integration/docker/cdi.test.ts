/** The CDI device, which one container is given and another is not. Debian's Docker does not know CDI; its podman does. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { podman, pullDebian } from '#integration/install/podman';
import { startPrivateHost } from '#integration/install/private-host';
import { changedSettings, readSettings } from '#integration/install/settings';
import { readLog } from '#integration/replay-oracle';

test('the container that is given the device is measured, another is not', async () => {
  await using host = await startPrivateHost();
  for (const [path, text] of Object.entries(podman.settings)) host.write(path, text);
  const found = readSettings(host);
  const installed = await host.oci('install', 'docker', '--cdi');
  assert.equal(installed.exitCode, 0, installed.stderr);
  const image = await pullDebian(host);
  await host.succeed('podman', 'run', '--rm', image, '/bin/true');
  assert.ok(!existsSync(`${host.state}/measurements.cel`));
  const device = '--device=oci-measure/container=measured';
  await host.succeed('podman', 'run', '--rm', device, image, '/bin/true');
  assert.deepEqual(
    readLog(host).map(({ event }) => event['type']),
    ['init', 'container'],
  );
  const removed = await host.oci('uninstall', 'docker');
  assert.equal(removed.exitCode, 0, removed.stderr);
  assert.deepEqual(changedSettings(host, found), []);
});
