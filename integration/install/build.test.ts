import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assertReplays } from '#integration/replay-oracle';
import { podman, pullDebian } from './podman.ts';
import { startPrivateHost } from './private-host.ts';

test('a build goes on where podman was installed for: its steps are recorded as skipped', async () => {
  await using host = await startPrivateHost();
  for (const [path, text] of Object.entries(podman.settings)) host.write(path, text);
  const image = await pullDebian(host);
  const { exitCode, stderr } = await host.oci('install', 'podman');
  assert.equal(exitCode, 0, stderr);
  host.write('/run/build/Containerfile', `FROM ${image}\nRUN /bin/true\n`);
  await host.succeed('podman', 'build', '--network=none', '/run/build');
  const container = (await host.succeed('buildah', 'from', image)).trim();
  await host.succeed('buildah', 'run', '--runtime', 'runc', container, '/bin/true');
  const [init, ...steps] = await assertReplays(host);
  assert.equal(init?.['type'], 'init');
  assert.equal(steps.length, 2);
  for (const { type, class: of, engine } of steps) {
    assert.deepEqual([type, of, engine], ['skipped', 'build', 'buildah']);
  }
});
