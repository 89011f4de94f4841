import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync } from 'node:fs';
import { test } from 'node:test';
import { writeBundle } from './bundle.ts';
import { startHost } from './host.ts';
import { program } from './program.ts';
import { run } from './runtime.ts';

test('a start that is skipped counts once when both stages call the hook', async () => {
  await using host = await startHost();
  appendFileSync(host.config, '[classes]\nsandbox = "skip"\n');
  const bundle = `${host.directory}/bundle`;
  mkdirSync(`${bundle}/rootfs`, { recursive: true });
  writeBundle(bundle, { rootPath: 'rootfs' });
  const annotations = {
    'io.kubernetes.cri.container-type': 'sandbox',
    'io.kubernetes.cri.sandbox-id': 'pod',
  };
  const call = { ociVersion: '1.0.2', id: 'pod', status: 'creating', pid: process.pid, bundle };
  for (const stage of ['prestart', 'createRuntime']) {
    const hook = ['hook', '--config', host.config, stage];
    const { exitCode, stderr } = await run(program, hook, JSON.stringify({ ...call, annotations }));
    assert.deepEqual([exitCode, stderr], [0, '']);
  }
  const { stdout } = await host.oci('log');
  assert.equal(stdout.match(/ skipped /g)?.length, 1, stdout);
});
