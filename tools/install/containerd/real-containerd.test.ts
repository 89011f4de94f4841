/** What the containerd of this machine (Debian 12: 1.6) makes of it: asked by `config dump`, and started. */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import type { EngineOptions } from '#tools/install/engine-plan';
import { applyChange } from '#tools/install/file-change';
import { hostAt } from '#tools/install/host';
import { makeTestDirectory } from '#tools/program.fixture';
import { askedPlacement } from './asked-placement.ts';
import { readConfiguration } from './configuration-files.ts';
import { containerd } from './containerd.ts';
import { findPrograms, majorRelease, type Programs } from './engine.ts';
import { findInstallation, type Installation } from './installation.ts';

const OPTIONS: EngineOptions = {
  config: undefined,
  timeout: 100,
  executable: '/usr/libexec/oci/hooks.d/oci-measure',
};
const STARTING_MS = 20_000;

const scratch = makeTestDirectory('real-containerd');
after(() => rmSync(scratch, { recursive: true, force: true }));

function programs(): Programs {
  const found = findPrograms(undefined);
  assert.ok(found !== undefined, 'containerd is not installed');
  return found;
}

function copyOf(name: string): string {
  const root = join(scratch, `${name}-${Math.random()}`);
  cpSync(join(import.meta.dirname, 'testdata', name), root, { recursive: true });
  return root;
}

/** The configuration of a file tree, read by this machine's containerd. */
async function installationIn(root: string): Promise<Installation> {
  const major = await majorRelease(programs());
  const installation = await findInstallation(hostAt(root));
  return { ...installation, programs: programs(), mergesTables: major !== 1 };
}

describe('containerd of this machine reads', () => {
  for (const name of [
    '1.6-default',
    '1.6-debian',
    '1.6-kubeadm',
    '1.7-default',
    'version-1',
    'docker',
    'empty',
    'gke',
    'eks-1.7',
    'aks',
    'nvidia-ctk-in-place',
    'nvidia-ctk-drop-in-1.7',
    'gvisor',
    'mirrors',
    'crlf',
    'inline-tables',
    'dotted-keys',
    'kind',
    'flatcar',
  ]) {
    test(`${name} as it did, and a base spec of each runc handler`, async () => {
      // It throws where containerd reads anything else.
      const installation = await installationIn(copyOf(name));
      const { placed } = await askedPlacement(installation);
      assert.ok(placed.length > 0);
    });
  }

  test('a placement that it would not read is refused', async () => {
    const root = copyOf('nvidia-ctk-drop-in-1.7');
    const installation = await installationIn(root);
    // As if tables were merged: then a drop-in would do, which takes all of the CRI's settings away from this release.
    await assert.rejects(
      askedPlacement({ ...installation, mergesTables: true }),
      /^ToolError: containerd would/,
    );
  });

  test('patterns of imports where it is started, not beside the file', async () => {
    const root = copyOf('gvisor');
    const config = join(root, 'etc/containerd/config.toml');
    writeFileSync(config, `imports = ["site.d/*.toml"]\n${readFileSync(config, 'utf8')}`);
    mkdirSync(join(root, 'etc/containerd/site.d'));
    writeFileSync(join(root, 'etc/containerd/site.d/x.toml'), 'no TOML');
    assert.equal(readConfiguration(hostAt(root), '/etc/containerd/config.toml', 1).length, 1);
    const { exitCode } = await execa('containerd', ['--config', config, 'config', 'dump'], {
      cwd: '/',
      reject: false,
    });
    assert.equal(exitCode, 0);
  });

  test('no file as its own defaults', async () => {
    const installation = { ...(await installationIn(copyOf('1.6-debian'))), files: [] };
    const { texts } = await askedPlacement({ ...installation, newVersion: 2 });
    assert.deepEqual(
      texts.map(({ path }) => path),
      ['/etc/containerd/config.toml'],
    );
  });
});

describe('containerd of this machine starts', () => {
  test('with what install gives it, and its CRI with it', async () => {
    const state = await criAfterStart(await installedIn('1.6-debian'));
    assert.equal(state, 'ok');
  });

  test("with a site's own base spec kept in ours", async () => {
    assert.equal(await criAfterStart(await installedIn('kind')), 'ok');
  });

  test('without its CRI where the base spec is missing, which is why that goes last', async () => {
    const root = await installedIn('1.6-debian');
    rmSync(join(root, 'etc/containerd/oci-measure-base-spec.json'));
    assert.equal(await criAfterStart(root), 'error');
  });
});

async function installedIn(name: string): Promise<string> {
  const root = copyOf(name);
  const { changes } = await containerd.install(hostAt(root), OPTIONS);
  for (const change of changes) applyChange(change);
  return root;
}

/** Starts containerd with /etc/containerd of a file tree and a state of its own. @returns what `ctr plugins ls` says of the CRI */
async function criAfterStart(root: string): Promise<string | undefined> {
  const config = join(root, 'etc/containerd/config.toml');
  const address = join(root, 'sock');
  const text = readFileSync(config, 'utf8')
    .replaceAll(/^oom_score.*$/gm, '')
    .replace(/^version = 2$/m, settings(root));
  writeFileSync(config, text);
  mkdirSync(join(root, 'opt'));
  const script = 'mount --bind "$1" /etc/containerd && exec containerd';
  const args = ['--mount', 'sh', '-c', script, 'sh', join(root, 'etc/containerd')];
  const daemon = execa('unshare', args, { all: true, reject: false, timeout: 2 * STARTING_MS });
  try {
    const deadline = Date.now() + STARTING_MS;
    for (;;) {
      const { stdout, failed } = await execa('ctr', ['--address', address, 'plugins', 'ls'], {
        reject: false,
      });
      if (!failed) return /^io\.containerd\.grpc\.v1\s+cri\s.*?(\w+)\s*$/m.exec(stdout)?.[1];
      if (Date.now() > deadline) throw new Error((await daemon).all);
      await sleep(100);
    }
  } finally {
    daemon.kill();
    await daemon;
  }
}

const settings = (root: string): string => `version = 2
root = "${root}/root"
state = "${root}/state"
[grpc]
address = "${root}/sock"
[ttrpc]
address = "${root}/sock.ttrpc"`;
