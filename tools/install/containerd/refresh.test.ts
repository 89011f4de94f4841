import assert from 'node:assert/strict';
import { cpSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { applyChange, type FileChange, isChange } from '#tools/install/file-change';
import { type Host, hostAt } from '#tools/install/host';
import { makeTestDirectory } from '#tools/program.fixture';
import { containerd } from './containerd.ts';
import { baseSpecDrift, refreshBaseSpecs } from './refresh.ts';

const OPTIONS = {
  config: '/etc/oci-measure/other.toml',
  timeout: 42,
  executable: '/usr/libexec/oci/hooks.d/oci-measure',
};
const SITE = '/etc/containerd/cri-base.json';
const scratch = makeTestDirectory('refresh');
after(() => rmSync(scratch, { recursive: true }));

/** Installed; its base spec's path here. */
async function installed(fixture: string): Promise<{ host: Host; spec: string; made: string }> {
  const root = join(scratch, `${fixture}-${Math.random()}`);
  cpSync(join(import.meta.dirname, 'testdata', fixture), root, { recursive: true });
  const host = hostAt(root);
  const { changes } = await containerd.install(host, OPTIONS);
  for (const change of changes) applyChange(change);
  const spec = changes.find(isBaseSpec)?.path ?? '';
  return { host, spec, made: readFileSync(spec, 'utf8') };
}

function isBaseSpec({ path }: FileChange): boolean {
  return path.includes('oci-measure-base-spec');
}

describe('a base spec', () => {
  test('that was just made does not differ', async () => {
    const { host, spec, made } = await installed('kind');
    assert.deepEqual(await baseSpecDrift(host), []);
    await refreshBaseSpecs(host);
    assert.equal(readFileSync(spec, 'utf8'), made);
  });

  test("that the site's own no longer is, is told, and made anew with the hook as it was", async () => {
    const { host, spec } = await installed('kind');
    const site = readFileSync(host.at(SITE), 'utf8').replace('"cwd": "/"', '"cwd": "/srv"');
    writeFileSync(host.at(SITE), site);
    const [drift, ...others] = await baseSpecDrift(host);
    assert.deepEqual(others, []);
    assert.deepEqual(drift, { path: host.nameOf(spec), from: SITE, state: 'outdated' });
    await refreshBaseSpecs(host);
    const { process, hooks } = JSON.parse(readFileSync(spec, 'utf8'));
    assert.equal(process.cwd, '/srv');
    assert.deepEqual(hooks.createRuntime[0].args.slice(0, 4), [
      'oci-measure',
      'hook',
      '--config',
      '/etc/oci-measure/other.toml',
    ]);
    assert.equal(hooks.createRuntime[0].timeout, 42);
    assert.deepEqual(await baseSpecDrift(host), []);
  });

  test('that is missing is told: containerd would start without its CRI', async () => {
    const { host, spec } = await installed('1.6-debian');
    rmSync(spec);
    assert.deepEqual(await baseSpecDrift(host), [
      { path: host.nameOf(spec), from: '`ctr oci spec`', state: 'missing' },
    ]);
  });

  test('that nobody asks for is not missed', async () => {
    const { host } = await installed('1.6-debian');
    const { changes } = await containerd.uninstall(host, []);
    for (const change of changes) applyChange(change);
    assert.deepEqual(await baseSpecDrift(host), []);
  });

  test('is made anew before containerd starts, where there is systemd', async () => {
    const { host } = await installed('flatcar');
    const unit = readFileSync(
      host.at('/etc/systemd/system/containerd.service.d/50-oci-measure.conf'),
      'utf8',
    );
    assert.match(
      unit,
      /^\[Service\]\nExecStartPre=-\/usr\/libexec\/oci\/hooks\.d\/oci-measure refresh-base-specs$/m,
    );
    const { changes } = await containerd.install(host, OPTIONS);
    assert.deepEqual(changes.filter(isChange), []);
  });
});
