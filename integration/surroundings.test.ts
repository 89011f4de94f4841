import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import type { HookEntry } from './bundle.ts';
import { type Host, startHost } from './host.ts';
import { debianRootfs } from './program.ts';
import type { RuntimeName } from './runtime.ts';

/**
 * Runs a container with variables around the runtime at which the dynamic loader tells of every program it starts.
 *
 * @returns what it told of
 */
async function loadedPrograms(host: Host, runtime: RuntimeName, env: HookEntry['env']) {
  const told = `${host.directory}/loader`;
  mkdirSync(told);
  const hostile = { LD_DEBUG: 'files', LD_DEBUG_OUTPUT: `${told}/of`, NODE_OPTIONS: '--no-such' };
  Object.assign(process.env, hostile);
  try {
    const hooks = { createRuntime: [{ ...host.hookEntry(), env }] };
    const { exitCode, stderr } = await host.run(runtime, 'web', [debianRootfs], { hooks });
    assert.equal(exitCode, 0, stderr);
  } finally {
    for (const name of Object.keys(hostile)) delete process.env[name];
  }
  const text = readdirSync(told).map((name) => readFileSync(`${told}/${name}`, 'latin1'));
  return [...text.join('').matchAll(/initialize program: (\S+)/g)].map(([, name = '']) => name);
}

for (const runtime of ['runc', 'crun'] as const) {
  test(`the env of the hook’s entry keeps ${runtime}’s environment from the hook’s loader`, async () => {
    await using host = await startHost();
    const programs = await loadedPrograms(host, runtime, host.hookEntry().env);
    assert.ok(programs.includes(runtime), programs.join(' '));
    assert.ok(!programs.includes('oci-measure'), programs.join(' '));
  });
}

test('without an env, runc hands its own on, which is why doctor refuses such an entry', async () => {
  await using host = await startHost();
  assert.ok((await loadedPrograms(host, 'runc', undefined)).includes('oci-measure'));
});
