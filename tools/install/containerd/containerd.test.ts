import assert from 'node:assert/strict';
import { cpSync, lstatSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { execa } from 'execa';
import { ToolError } from '#tools/errors';
import type { EngineOptions, EnginePlan } from '#tools/install/engine-plan';
import { applyChange, dropBackup, isChange } from '#tools/install/file-change';
import { type Host, hostAt } from '#tools/install/host';
import { makeTestDirectory } from '#tools/program.fixture';
import { askedPlacement } from './asked-placement.ts';
import { containerd } from './containerd.ts';
import { effective, giveBaseSpec, giveDefaultType } from './containerd-reader.fixture.ts';
import { findInstallation } from './installation.ts';

const scratch = makeTestDirectory('containerd');
after(() => rmSync(scratch, { recursive: true }));

const OPTIONS: EngineOptions = {
  config: undefined,
  timeout: 100,
  executable: '/usr/libexec/oci/hooks.d/oci-measure',
};
const MAIN = '/etc/containerd/config.toml';

interface Case {
  readonly name: string;
  /** The release that reads it. */
  readonly major: 1 | 2;
  /** Of the handlers that start an OCI runtime, and what is there of others. */
  readonly handlers: readonly string[];
  readonly isDropIn?: boolean;
  readonly main?: string;
}

const CASES: readonly Case[] = [
  { name: '1.6-default', major: 1, handlers: ['runc'] },
  { name: '1.6-debian', major: 1, handlers: ['runc'] },
  { name: '1.6-kubeadm', major: 1, handlers: ['runc'] },
  { name: '1.7-default', major: 1, handlers: ['runc'] },
  { name: 'version-1', major: 1, handlers: ['crun', 'default_runtime'] },
  { name: 'docker', major: 1, handlers: ['runc'] },
  { name: 'empty', major: 1, handlers: ['runc'] },
  { name: 'gke', major: 1, handlers: ['runc'] },
  { name: 'eks-1.7', major: 1, handlers: ['nvidia'] },
  { name: 'aks', major: 1, handlers: ['runc', 'untrusted'] },
  { name: 'aks', major: 2, handlers: ['runc', 'untrusted'] },
  { name: 'nvidia-ctk-in-place', major: 1, handlers: ['nvidia', 'runc'] },
  { name: 'nvidia-ctk-drop-in-1.7', major: 1, handlers: ['nvidia', 'runc'] },
  { name: 'nvidia-ctk-drop-in-1.7', major: 2, handlers: ['nvidia', 'runc'], isDropIn: true },
  { name: '2.0-default', major: 2, handlers: ['runc'] },
  { name: '2.1-kubeadm', major: 2, handlers: ['runc'] },
  { name: '2.2-default', major: 2, handlers: ['runc'], isDropIn: true },
  { name: '2.3-default', major: 2, handlers: ['runc'], isDropIn: true },
  { name: '2.2-nvidia-ctk-drop-in', major: 2, handlers: ['nvidia', 'runc'], isDropIn: true },
  { name: 'eks-2', major: 2, handlers: ['runc'], isDropIn: true },
  { name: 'gvisor', major: 1, handlers: ['runc'] },
  { name: 'kata', major: 2, handlers: ['runc'], isDropIn: true },
  { name: 'mirrors', major: 1, handlers: ['runc'] },
  { name: 'several-imports', major: 2, handlers: ['crun', 'runc'], isDropIn: true },
  { name: 'crlf', major: 1, handlers: ['runc'] },
  { name: 'inline-tables', major: 1, handlers: ['cr.un', 'runc'] },
  { name: 'dotted-keys', major: 1, handlers: ['crun', 'runc'] },
  { name: 'kind', major: 1, handlers: ['runc', 'test-handler'] },
  { name: 'flatcar', major: 1, handlers: ['runc'], main: '/usr/share/containerd/config.toml' },
  { name: 'talos', major: 2, handlers: ['runc'], main: '/etc/cri/containerd.toml' },
];

describe('a configuration of containerd', () => {
  for (const [index, one] of CASES.entries()) {
    const { name, major, handlers, isDropIn = false, main = MAIN } = one;
    describe(`${name}, read by containerd ${major}.x`, () => {
      const host = copyOf(name, index);
      const before = contentsOf(host.root);

      test('means what it meant, and a base spec of each runc handler', async () => {
        const installation = await findInstallation(host);
        const { placed, texts } = await askedPlacement({
          ...installation,
          mergesTables: major === 2,
        });
        assert.deepEqual(placed.map(({ handler }) => handler.name).toSorted(), handlers);
        assert.equal(
          texts.some(({ path }) => path.endsWith('/99-oci-measure.toml')),
          isDropIn,
        );
        const wanted = effective(host, main, major, []);
        for (const { handler, baseSpec } of placed) giveBaseSpec(wanted, handler.name, baseSpec);
        const found = effective(host, main, major, texts);
        if (handlers.includes('runc'))
          for (const document of [wanted, found]) giveDefaultType(document);
        assert.deepEqual(JSON.parse(JSON.stringify(found)), JSON.parse(JSON.stringify(wanted)));
      });

      test('is byte for byte as it was after install and uninstall', async () => {
        await installed(host);
        assert.notDeepEqual(contentsOf(host.root), before);
        await uninstalled(host);
        assert.deepEqual(contentsOf(host.root), before);
      });

      test('is left alone by a second install', async () => {
        await installed(host);
        const plan = await containerd.install(host, OPTIONS);
        assert.deepEqual(plan.changes.filter(isChange), []);
        await uninstalled(host);
      });

      test('keeps what somebody adds in between', async () => {
        await installed(host);
        const added = '\n[timeouts_of_ours]\n  x = "1s" # stays\n';
        for (const path of tomlFiles(host.root)) {
          const text = readFileSync(path, 'utf8');
          writeFileSync(path, `# first\n${text}${added}`);
        }
        await uninstalled(host);
        const found = contentsOf(host.root);
        for (const [path, text] of before) {
          const wanted = path.endsWith('.toml') ? `# first\n${text}${added}` : text;
          assert.equal(found.get(path), wanted, path);
        }
      });
    });
  }
});

const REFUSED: readonly (readonly [name: string, message: RegExp, hint?: RegExp])[] = [
  [
    'k3s',
    /^k3s writes ".*\/k3s\/agent\/etc\/containerd\/config\.toml" whenever/,
    /config-v3\.toml\.d/,
  ],
  [
    'rke2-linked',
    /^rke2 writes "\/etc\/containerd\/config\.toml" whenever it starts$/,
    /rke2\/agent/,
  ],
  [
    'k0s',
    /^k0s writes "\/etc\/k0s\/containerd\.toml" whenever it starts$/,
    /\/etc\/k0s\/containerd\.d/,
  ],
  ['microk8s', /^microk8s writes /, /containerd-template\.toml/],
  ['template', /^"\/etc\/containerd\/config\.toml" is a template$/],
  ['unknown-version', /^".*config\.toml" has the configuration version 5$/, /^known: 1, 2, 3, 4$/],
  ['broken', /^"\/etc\/containerd\/config\.toml" is no TOML$/],
];

describe('what is refused', () => {
  for (const [name, message, hint] of REFUSED) {
    test(`${name}: told, and nothing done`, async () => {
      const host = copyOf(name, 100);
      await assert.rejects(containerd.install(host, OPTIONS), (error) => {
        assert.ok(error instanceof ToolError);
        assert.equal(error.code, 'install');
        assert.match(error.message, message);
        if (hint !== undefined) assert.match(error.hint ?? '', hint);
        return true;
      });
      const plan = await containerd.uninstall(host, []);
      assert.deepEqual(plan.changes.filter(isChange), []);
    });
  }

  test('a configuration on a read-only file system, before anything is done', async () => {
    const host = copyOf('flatcar', 101);
    const usr = host.at('/usr');
    await execa('mount', ['--bind', '-o', 'ro', usr, usr]);
    try {
      await assert.rejects(containerd.install(host, OPTIONS), /^ToolError: cannot write in/);
    } finally {
      await execa('umount', [usr]);
    }
  });

  test('a host without containerd', async () => {
    const host = hostAt(makeTestDirectory('no-containerd'));
    await assert.rejects(containerd.install(host, OPTIONS), /^ToolError: found no containerd/);
    rmSync(host.root, { recursive: true });
  });
});

function copyOf(name: string, index: number): Host {
  const root = join(scratch, `${index}-${name}`);
  cpSync(join(import.meta.dirname, 'testdata', name), root, { recursive: true });
  return hostAt(root);
}

async function installed(host: Host): Promise<EnginePlan> {
  const plan = await containerd.install(host, OPTIONS);
  for (const change of plan.changes) applyChange(change);
  return plan;
}

async function uninstalled(host: Host): Promise<void> {
  const { changes } = await containerd.uninstall(host, []);
  for (const change of changes) applyChange(change);
  for (const { path, makeIn } of changes) dropBackup(path, makeIn);
}

/** Each file with what is in it, directories of ours apart. */
function contentsOf(root: string): Map<string, string> {
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' }).toSorted();
  const files = paths.filter((path) => lstatSync(join(root, path)).isFile());
  return new Map(files.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

function tomlFiles(root: string): string[] {
  return [...contentsOf(root).keys()]
    .filter((path) => path.endsWith('.toml') && !path.includes('oci-measure'))
    .map((path) => join(root, path));
}
