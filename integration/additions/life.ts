import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { SteppedEngine } from './engine.ts';
import { assertImage, type Bench } from './recorded.ts';

async function startAndAssert(
  bench: Bench,
  id: string,
  expected: 'pristine' | 'measured',
): Promise<void> {
  const { exitCode, stderr } = await bench.engine.start(id);
  assert.equal(exitCode, 0, stderr);
  assertImage(bench, id, 'bare', expected);
}

/** What becomes of a container after it was made, with these further options. */
export function testLife(bench: () => Bench, options: readonly string[] = []): void {
  const create = async ({ engine }: Bench, command: string) =>
    await engine.create('bare', ['--user', '1001', ...options], ['/bin/sh', '-c', command]);

  test('a restarted container that wrote nothing is as it was', async () => {
    const id = await create(bench(), 'true');
    await startAndAssert(bench(), id, 'pristine');
    await startAndAssert(bench(), id, 'pristine');
    await bench().engine.remove(id);
  });

  test('a restarted container that wrote something is measured with it', async () => {
    const id = await create(bench(), 'echo x >/tmp/written');
    await startAndAssert(bench(), id, 'pristine');
    await startAndAssert(bench(), id, 'measured');
    await bench().engine.remove(id);
  });

  test('a restarted container that deleted something is measured without it', async () => {
    const { engine } = bench();
    const id = await engine.create('bare', options, ['/bin/sh', '-c', 'rm -f /data/kept']);
    await startAndAssert(bench(), id, 'pristine');
    await startAndAssert(bench(), id, 'measured');
    await engine.remove(id);
  });

  for (const [title, destination] of [
    ['a new file', '/etc/planted'],
    ['over a file of the image', '/data/kept'],
    ['over passwd', '/etc/passwd'],
  ] as const)
    test(`a container that something was copied into is measured with it: ${title}`, async () => {
      const { engine } = bench();
      const id = await create(bench(), 'true');
      await copyIn(bench(), engine, id, destination);
      await startAndAssert(bench(), id, 'measured');
      await engine.remove(id);
    });

  test('a tenant who calls his container a sandbox, rootless or a build step gets it measured', async () => {
    const { engine } = bench();
    const words = {
      'io.kubernetes.cri.container-type': 'sandbox',
      'io.kubernetes.cri.sandbox-id': 'x',
      'io.kubernetes.cri-o.ContainerType': 'sandbox',
      'io.kubernetes.cri-o.SandboxID': 'x',
      'io.buildah.version': '1.28.2',
      'org.systemd.property.rootless': 'true',
    };
    const flag = engine.name === 'podman' ? '--annotation' : '--label';
    const claims = Object.entries(words).flatMap(([name, value]) => [flag, `${name}=${value}`]);
    const id = await engine.create(
      'bare',
      [...claims, ...options, '--name', 'buildah12345'],
      ['/bin/true'],
    );
    await startAndAssert(bench(), id, 'pristine');
    await engine.remove(id);
  });
}

async function copyIn(
  { host }: Bench,
  engine: SteppedEngine,
  id: string,
  destination: string,
): Promise<void> {
  const file = `${host.directory}/planted`;
  writeFileSync(file, 'root::0:0::/:/bin/sh\n');
  await engine.must('cp', file, `${id}:${destination}`);
}
