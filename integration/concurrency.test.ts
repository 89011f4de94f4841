import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { test } from 'node:test';
import { writeBundle } from './bundle.ts';
import { startHost } from './host.ts';
import { mountOverlay } from './overlay.ts';
import { debianRootfs, program } from './program.ts';
import { assertReplays } from './replay-oracle.ts';
import { run } from './runtime.ts';

test('fifty hooks at once lose no container, count none twice, and replay to the PCR', async () => {
  await using host = await startHost();
  const bundle = `${host.directory}/bundle`;
  const image = `${host.directory}/image`;
  cpSync(`${debianRootfs}/etc`, image, { recursive: true, verbatimSymlinks: true });
  await using mount = await mountOverlay(bundle, [image]);
  writeBundle(bundle, { rootPath: mount.rootfs });
  using processes = startProcesses(50);
  const ids = processes.pids.map((_, index) => `web-${index}`);
  const ended = await Promise.all(
    processes.pids.map(async (pid, index) => {
      const state = { ociVersion: '1.0.2', id: ids[index], status: 'creating', pid, bundle };
      return await run(program, ['hook', '--config', host.config], JSON.stringify(state));
    }),
  );
  for (const { exitCode, stderr } of ended) assert.equal(exitCode, 0, stderr);
  const events = await assertReplays(host);
  const measured = events.filter(({ type }) => type === 'container').map(({ id }) => String(id));
  assert.deepEqual(measured.toSorted(), ids.toSorted());
  assert.equal(events.length, 51, 'one init and fifty containers');
});

/** Processes that stand for containers: a start is known by its process, which has to exist. */
function startProcesses(count: number): Disposable & { readonly pids: readonly number[] } {
  const children: ChildProcess[] = Array.from({ length: count }, () => spawn('sleep', ['600']));
  return {
    pids: children.map(({ pid }) => pid ?? 0),
    [Symbol.dispose]: () => {
      for (const child of children) child.kill('SIGKILL');
    },
  };
}
