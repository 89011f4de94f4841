import assert from 'node:assert/strict';
import { existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { writeBundle } from './bundle.ts';
import { type Host, startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';
import { type Ended, run } from './runtime.ts';

const good = (host: Host) => ({
  ociVersion: '1.0.2',
  id: 'web',
  status: 'creating',
  pid: process.pid,
  bundle: `${host.directory}/bundle`,
});

async function callHook(host: Host, input: string | Uint8Array, stage = 'createRuntime') {
  return await run(program, ['hook', '--config', host.config, stage], input);
}

/** One clear line, exit 1, nothing extended, nothing logged. */
async function assertRefused(host: Host, ended: Ended, reason: RegExp): Promise<void> {
  assert.equal(ended.exitCode, 1);
  assert.equal(ended.stdout, '');
  assert.match(ended.stderr, reason);
  assert.equal(ended.stderr.split('\n').length, 1, ended.stderr);
  assert.ok(ended.stderr.length < 1000);
  const { stdout } = await run('tpm2_pcrread', [`--tcti=${host.tpm.tcti}`, 'sha256:13']);
  assert.match(stdout, /0x0{64}/);
  assert.equal(existsSync(`${host.state}/measurements.cel`), false);
}

const states: Record<string, { readonly input: (host: Host) => string; readonly reason: RegExp }> =
  {
    nothing: { input: () => '', reason: /is empty/ },
    'a truncated state': {
      input: (host) => JSON.stringify(good(host)).slice(0, -9),
      reason: /\[state\]/,
    },
    'a state of 100 MB': { input: () => `"${'x'.repeat(100_000_000)}"`, reason: /100000002 bytes/ },
    'a pid of the wrong type': {
      input: (host) => JSON.stringify({ ...good(host), pid: '1' }),
      reason: /pid.*\[state\]/,
    },
    'a duplicate key': {
      input: (host) => JSON.stringify(good(host)).replace('{', '{"id":"other",'),
      reason: /"id" is there twice/,
    },
    'a key that differs by case': {
      input: (host) => JSON.stringify({ ...good(host), Bundle: '/other' }),
      reason: /"Bundle" can be taken for "bundle"/,
    },
    'an id with a slash': {
      input: (host) => JSON.stringify({ ...good(host), id: '../../etc' }),
      reason: /id of the state/,
    },
    'an id with NUL': {
      input: (host) => JSON.stringify({ ...good(host), id: 'a\0b' }),
      reason: /a NUL in a string/,
    },
    'an id with a control character': {
      input: (host) => JSON.stringify({ ...good(host), id: 'a\u001b[31m' }),
      reason: /id of the state/,
    },
    'a bundle that is missing': {
      input: (host) => JSON.stringify({ ...good(host), bundle: `${host.directory}/none` }),
      reason: /none.*\[bundle\]/,
    },
    'a bundle without config.json': {
      input: (host) => JSON.stringify({ ...good(host), bundle: host.directory }),
      reason: /no config\.json/,
    },
    'a pid that no process has': {
      input: (host) => JSON.stringify({ ...good(host), pid: 4_194_303 }),
      reason: /4194303.*\[state\]/,
    },
  };

describe('a state that is not one is refused in one line and changes nothing:', () => {
  for (const [title, { input, reason }] of Object.entries(states)) {
    test(title, async () => {
      await using host = await startHost();
      writeBundle(`${host.directory}/bundle`, { rootPath: debianRootfs });
      await assertRefused(host, await callHook(host, input(host)), reason);
    });
  }

  test('an unknown stage', async () => {
    await using host = await startHost();
    const ended = await callHook(host, JSON.stringify(good(host)), 'startContainer');
    await assertRefused(host, ended, /unknown stage "startContainer"/);
  });
});

const bundles: Record<
  string,
  { readonly config: (host: Host) => string; readonly reason: RegExp }
> = {
  'a relative root.path with ..': {
    config: () =>
      '{"ociVersion":"1.0.2","root":{"path":"../rootfs"},"process":{"cwd":"/","args":["x"]}}',
    reason: /\.\./,
  },
  'a root.path whose last component is a link': {
    config: () =>
      '{"ociVersion":"1.0.2","root":{"path":"link"},"process":{"cwd":"/","args":["x"]}}',
    reason: /link.*\[bundle\]/,
  },
  'a duplicate key': {
    config: () =>
      '{"ociVersion":"1.0.2","root":{"path":"a","path":"b"},"process":{"cwd":"/","args":["x"]}}',
    reason: /"path" is there twice/,
  },
  'a key that differs by case': {
    config: () =>
      '{"ociVersion":"1.0.2","root":{"path":"a"},"Root":{"path":"b"},"process":{"cwd":"/","args":["x"]}}',
    reason: /"Root" can be taken for "root"/,
  },
  'wrong types': {
    config: () => '{"ociVersion":"1.0.2","root":["rootfs"],"process":7}',
    reason: /\[bundle\]/,
  },
  'ten thousand mounts': {
    config: () =>
      JSON.stringify({
        ociVersion: '1.0.2',
        root: { path: debianRootfs },
        mounts: Array.from({ length: 10_000 }, (_, index) => ({
          destination: `/mnt/${index}`,
          type: 'tmpfs',
          source: 'tmpfs',
        })),
      }),
    reason: /at most 4096 mounts .* \[bundle\]/,
  },
  'not JSON at all': { config: () => 'root = "rootfs"', reason: /\[bundle\]/ },
};

describe('a bundle that is not one is refused in one line and changes nothing:', () => {
  for (const [title, { config, reason }] of Object.entries(bundles)) {
    test(title, async () => {
      await using host = await startHost();
      mkdirSync(`${host.directory}/bundle`);
      symlinkSync(debianRootfs, `${host.directory}/bundle/link`);
      writeFileSync(`${host.directory}/bundle/config.json`, config(host));
      await assertRefused(host, await callHook(host, JSON.stringify(good(host))), reason);
    });
  }
});

for (const stage of ['poststart', 'poststop']) {
  test(`${stage} has nothing to do`, async () => {
    await using host = await startHost();
    assert.equal((await callHook(host, '', stage)).exitCode, 0);
    assert.equal(existsSync(host.state), false);
  });
}

test('a bundle of "/" with a root, as crun has it in user namespaces, is read from its copy of config.json', async () => {
  await using host = await startHost();
  const id = `crun-${process.pid}`;
  writeBundle(`/run/crun/${id}`, { rootPath: debianRootfs });
  const state = { ...good(host), id, bundle: '/', root: debianRootfs, status: 'created' };
  try {
    const ended = await callHook(host, JSON.stringify(state));
    assert.equal(ended.exitCode, 0, ended.stderr);
  } finally {
    await run('rm', ['-r', `/run/crun/${id}`]);
  }
});
