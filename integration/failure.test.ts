import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { describe, test } from 'node:test';
import { writeBundle } from './bundle.ts';
import { type Host, startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';
import { assertReplays, readLog, readPcr } from './replay-oracle.ts';
import { type Ended, run } from './runtime.ts';

/** Runs a container whose hook entry is started by `shell`, a script that ends in `exec "$@"`. */
async function runUnder(host: Host, shell: string, id = 'web'): Promise<Ended> {
  const { path, args, ...entry } = host.hookEntry();
  const wrapped = ['sh', '-c', shell, 'sh', path, ...args.slice(1)];
  const createRuntime = [{ ...entry, path: '/bin/sh', args: wrapped }];
  return await host.run('runc', id, [debianRootfs], { hooks: { createRuntime } });
}

/** Where swtpm would listen, and at its control socket. */
function answerGarbage(socket: string): Disposable {
  const servers = [socket, `${socket}.ctrl`].map((path) =>
    createServer((peer) => {
      peer.on('error', () => {});
      peer.on('data', () => peer.end('not a TPM'.repeat(100)));
    }).listen(path),
  );
  return {
    [Symbol.dispose]: () => {
      for (const server of servers) server.close();
    },
  };
}

function setImaMode({ config }: Host, mode: 'require' | 'try'): void {
  writeFileSync(config, readFileSync(config, 'utf8').replace('"off"', `"${mode}"`));
}

async function assertDenied(host: Host, ended: Ended, reason: RegExp): Promise<void> {
  assert.notEqual(ended.exitCode, 0);
  assert.match(ended.stderr, reason);
  assert.match((await readPcr(host))['sha256'] ?? '', /^0{64}$/);
}

describe('a container is denied, with the reason, when', () => {
  test('the TPM is gone', async () => {
    await using host = await startHost();
    await host.tpm.kill();
    const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs]);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /container web not measured: .*tpm2_.*\[tpm\]/);
  });

  test('the TPM answers garbage', async () => {
    await using host = await startHost();
    const socket = `${host.directory}/garbage`;
    using _garbage = answerGarbage(socket);
    const config = readFileSync(host.config, 'utf8');
    writeFileSync(host.config, config.replace(host.tpm.tcti, `swtpm:path=${socket}`));
    await assertDenied(host, await host.run('runc', 'web', [debianRootfs]), /\[tpm\]/);
  });

  test('tpm2-tools are not installed', async () => {
    await using host = await startHost();
    const hide =
      'unshare --mount sh -c \'mount -t tmpfs none /usr/sbin; for t in /usr/bin/tpm2_pcrextend /usr/bin/tpm2_getcap; do mount --bind /dev/null $t; done; exec "$@"\' sh "$@"';
    await assertDenied(
      host,
      await runUnder(host, hide),
      /tpm2_getcap.*install tpm2-tools.*\[tpm\]/,
    );
  });

  test('the disk is full', async () => {
    await using host = await startHost();
    mkdirSync(host.state);
    await run('mount', ['-t', 'tmpfs', '-o', 'size=64k,mode=700', 'tmpfs', host.state]);
    try {
      await run('sh', ['-c', `head -c 1M /dev/zero > ${host.state}/full`]);
      await assertDenied(host, await host.run('runc', 'web', [debianRootfs]), /ENOSPC|no space/i);
    } finally {
      await run('umount', [host.state]);
    }
  });

  test('the state directory is read-only', async () => {
    await using host = await startHost();
    mkdirSync(host.state);
    await run('mount', ['-t', 'tmpfs', '-o', 'ro,mode=700', 'tmpfs', host.state]);
    try {
      await assertDenied(host, await host.run('runc', 'web', [debianRootfs]), /EROFS|read-only/i);
    } finally {
      await run('umount', [host.state]);
    }
  });

  test('the state directory is writable by others', async () => {
    await using host = await startHost();
    mkdirSync(host.state);
    await run('chmod', ['0777', host.state]);
    await assertDenied(
      host,
      await host.run('runc', 'web', [debianRootfs]),
      /others may write.*\[log\]/,
    );
  });

  test('the configuration has an unknown key', async () => {
    await using host = await startHost({ toml: 'sate = "/run/x"' });
    await assertDenied(
      host,
      await host.run('runc', 'web', [debianRootfs]),
      /sate.*state.*\[config\]/,
    );
  });

  test('ima.mode is "require", and the kernel has no IMA', async () => {
    await using host = await startHost();
    setImaMode(host, 'require');
    const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs]);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /container no-ima, image no-ima: this kernel has no measurement list/);
    const [record, denied] = (await assertReplays(host)).slice(-2);
    assert.equal(record?.['type'], 'container');
    assert.equal(denied?.['type'], 'denied');
    assert.equal(denied['code'], 'ima');
  });
});

test('with ima.mode "try" a kernel without IMA is recorded, and the container starts', async () => {
  await using host = await startHost();
  setImaMode(host, 'try');
  const { exitCode, stderr } = await host.run('runc', 'web', [debianRootfs]);
  assert.equal(exitCode, 0, stderr);
  const [record, unlisted] = (await assertReplays(host)).slice(-2);
  assert.equal(record?.['type'], 'container');
  assert.equal(unlisted?.['type'], 'unlisted');
  assert.match(String(unlisted['reason']), /no measurement list/);
});

describe('what the log cannot account for is a gap:', () => {
  test('an extend by somebody else', async () => {
    await using host = await startHost();
    await host.run('runc', 'one', [debianRootfs]);
    const digest = '11'.repeat(32);
    await run('tpm2_pcrextend', [`--tcti=${host.tpm.tcti}`, `13:sha256=${digest}`]);
    await host.run('runc', 'two', [debianRootfs]);
    const types = (await assertReplays(host)).map(({ type }) => type);
    assert.deepEqual(types, ['init', 'container', 'gap', 'container']);
  });

  test('a state directory that was deleted', async () => {
    await using host = await startHost();
    await host.run('runc', 'one', [debianRootfs]);
    const left = (await readPcr(host))['sha256'];
    rmSync(host.state, { recursive: true });
    await host.run('runc', 'two', [debianRootfs]);
    await assertReplays(host);
    const found = readLog(host)[0]?.event['found'];
    assert.equal((found as Record<string, string>)['sha256'], left);
    assert.match((await host.oci('log')).stdout, /gap/i);
  });
});

describe('failure.action = "allow"', () => {
  const toml = '[failure]\naction = "allow"';

  test('lets a container start that cannot be measured, and extends that it did', async () => {
    await using host = await startHost({ toml });
    const rootPath = `${host.directory}/not-there`;
    const state = { ociVersion: '1.0.2', id: 'web', status: 'creating', pid: process.pid };
    mkdirSync(`${host.directory}/bundle`);
    writeFileSync(
      `${host.directory}/bundle/config.json`,
      JSON.stringify({ ociVersion: '1.0.2', root: { path: rootPath } }),
    );
    const input = JSON.stringify({ ...state, bundle: `${host.directory}/bundle` });
    const ended = await run(program, ['hook', '--config', host.config], input);
    assert.equal(ended.exitCode, 0, ended.stderr);
    const last = (await assertReplays(host)).at(-1);
    assert.equal(last?.['type'], 'allowed');
    assert.match(String(last?.['reason']), /not-there/);
  });

  test('says so in hook.log where there is no TPM', async () => {
    await using host = await startHost({ toml });
    await host.tpm.kill();
    const { exitCode } = await host.run('runc', 'web', [debianRootfs]);
    assert.equal(exitCode, 0);
    assert.match(readFileSync(`${host.state}/hook.log`, 'utf8'), /"event":"allowed".*"unlogged"/);
  });
});

/** What containerd's CRI says of a pod's own container. */
const sandbox = (id: string) => ({
  'io.kubernetes.cri.container-type': 'sandbox',
  'io.kubernetes.cri.sandbox-id': id,
});

describe('a class', () => {
  test('that is skipped starts, and the skip is extended', async () => {
    await using host = await startHost({ toml: '[classes]\nsandbox = "skip"' });
    const annotations = sandbox('pod');
    assert.equal((await host.run('runc', 'pod', [debianRootfs], { annotations })).exitCode, 0);
    assert.equal((await assertReplays(host)).at(-1)?.['type'], 'skipped');
  });

  test('that is denied does not start, and the denial is extended', async () => {
    await using host = await startHost({ toml: '[classes]\nsandbox = "deny"' });
    const annotations = sandbox('pod');
    const { exitCode, stderr } = await host.run('runc', 'pod', [debianRootfs], { annotations });
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /\[class\]/);
    assert.equal((await assertReplays(host)).at(-1)?.['type'], 'denied');
  });

  test('cannot be chosen by an annotation', async () => {
    await using host = await startHost({ toml: '[classes]\nsandbox = "skip"' });
    const annotations = sandbox('another-pod');
    await host.run('runc', 'web', [debianRootfs], { annotations });
    assert.equal((await assertReplays(host)).at(-1)?.['type'], 'container');
  });

  test('of rootless containers is skipped by default, whatever the host has', async () => {
    await using host = await startHost();
    writeBundle(host.directory, { rootPath: debianRootfs });
    const state = '{"ociVersion":"1.0.2","id":"web","status":"creating","pid":%d,"bundle":"%s"}';
    const call = `printf '${state}' $$ "$1" | "$0" hook`;
    const rootless = ['--user', '--map-root-user', 'sh', '-c', call, program, host.directory];
    const ended = await run('unshare', rootless);
    assert.equal(ended.exitCode, 0, ended.stderr);
  });
});

describe('what a runtime hands over changes nothing:', () => {
  for (const [title, shell] of Object.entries({
    NODE_OPTIONS: 'NODE_OPTIONS="--require /none" exec "$@"',
    PATH: 'PATH=/none exec "$@"',
    HOME: 'HOME=/none exec "$@"',
    'the locale': 'LC_ALL=tr_TR.UTF-8 LANG=C exec "$@"',
    'a TCTI in the environment': 'TPM2TOOLS_TCTI=mssim:port=1 exec "$@"',
    'the working directory': 'mkdir -p /run/gone; cd /run/gone; rmdir /run/gone; exec "$@"',
    'the umask': 'umask 0; exec "$@"',
  })) {
    test(title, async () => {
      await using host = await startHost();
      const { exitCode, stderr } = await runUnder(host, shell);
      assert.equal(exitCode, 0, stderr);
      await assertReplays(host);
      const { stdout } = await run('find', [host.state, '-perm', '/077']);
      assert.equal(stdout, '', 'nothing in the state directory is for others');
    });
  }
});
