/** What doctor says of engines that the finished program was installed for: the two have to mean the same. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EngineHost } from '#tools/doctor/engine-host.fixture';
import type { Engine, Finding } from '#tools/doctor/finding';
import { program } from './program.ts';

const ENGINES = ['podman', 'containerd', 'docker'] as const satisfies Engine[];

const install = ENGINES.map((engine) => `${program} install ${engine} --force >/run/${engine}.txt`);
const uninstall = ENGINES.map((engine) => `${program} uninstall ${engine} >/run/${engine}.txt`);
const running = [
  'containerd >/run/containerd.log 2>&1 &',
  'until ctr version >/dev/null 2>&1; do sleep 0.1; done',
  'dockerd --bridge none --iptables=false --storage-driver vfs >/run/docker.log 2>&1 &',
  'until docker version >/dev/null 2>&1; do sleep 0.1; done',
];

let host: EngineHost;
before(() => {
  host = new EngineHost();
  host.remove('/usr/libexec/oci');
  host.write('/etc/containerd/config.toml', 'version = 2\n');
});
after(() => host[Symbol.dispose]());

/** All that doctor says about engines that is not ok, after a script. */
async function wrong(...script: readonly string[]): Promise<readonly Finding[]> {
  const doctor = `${program} doctor --json || true`;
  const { stdout, stderr } = await host.run([...script, doctor].join('\n'));
  assert.ok(stdout.startsWith('{'), stderr);
  const { findings }: { readonly findings: readonly Finding[] } = JSON.parse(stdout);
  return findings.filter(({ engine, status }) => engine !== undefined && status !== 'ok');
}

describe('doctor', () => {
  test('finds nothing wrong with engines that were installed for, run or not', async () => {
    assert.deepEqual(await wrong(...install), []);
    assert.deepEqual(await wrong(...running), []);
  });

  test('finds the hook in none that was uninstalled from', async () => {
    const findings = await wrong(...uninstall);
    assert.deepEqual(
      findings.map(({ engine, status, mend }) => [engine, status, mend]),
      ENGINES.map((engine) => [engine, 'warning', `oci-measure install ${engine}`]),
    );
  });

  test('says that an engine which was running has to be restarted', async () => {
    const findings = await wrong(...running, ...install);
    assert.deepEqual(
      findings.map(({ engine, check }) => [engine, check]),
      [
        ['containerd', 'runtime-handler'],
        ['containerd', 'restart'],
        ['docker', 'runtime-handler'],
        ['docker', 'restart'],
      ],
    );
  });
});
