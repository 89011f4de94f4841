import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GuestHost } from './containers.ts';
import { bootMachine, type Machine } from './machine.ts';

/** The hook as on a real machine: the kernel's /dev/tpmrm0, a real reboot. The log is one for all tests here, as it is there. */
describe('with the TPM of a machine', () => {
  let machine: Machine;
  let host: GuestHost;
  before(async () => {
    machine = await bootMachine({ kernel: 'bookworm' });
    host = new GuestHost(machine);
    await host.configure();
  });
  after(async () => {
    await machine[Symbol.asyncDispose]();
  });

  test('a started container has the digest of its image in the PCR, in the log and beside its id', async () => {
    const { exitCode, stdout, stderr } = await host.runContainer('web', {
      args: ['/bin/echo', 'up'],
    });
    assert.equal(exitCode, 0, stderr);
    assert.equal(stdout, 'up\n');
    const [init, record] = await host.assertReplays();
    assert.equal(init?.['type'], 'init');
    const digest = (await machine.sh('/opt/oci-measure digest /srv/busybox')).trim();
    assert.equal(record?.['rootfs'], digest);
    assert.equal(record['view'], 'overlay');
    assert.deepEqual(record['writable'], ['pristine']);
    const listed = await machine.sh(
      `/opt/oci-measure containers web --json --config ${host.config}`,
    );
    assert.ok(listed.includes(digest));
  });

  test('a container whose root filesystem cannot be believed does not start', async () => {
    await machine.sh('cp -a /srv/busybox /tmp/anybody');
    const { exitCode, stdout, stderr } = await host.runContainer(
      'unbelieved',
      { args: ['/bin/echo', 'up'] },
      '/tmp/anybody',
    );
    assert.notEqual(exitCode, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /\[rootfs\]/);
    const events = await host.assertReplays();
    assert.ok(events.every(({ id }) => id !== 'unbelieved'));
  });

  for (const [when, call, count, records] of [
    ['before it extends', 'fsync', 2, []],
    ['when all but its intent is done', 'unlink', 1, ['container', 'aborted']],
  ] as const) {
    test(`a hook that is killed ${when} leaves a log that the next start makes whole`, async () => {
      const id = `killed-${call}`;
      const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${count}`];
      const { path, args, ...entry } = host.hookEntry();
      const strace = ['strace', '-f', '-o', '/dev/null', ...inject, path];
      const createRuntime = [
        { ...entry, path: '/usr/bin/strace', args: [...strace, ...args.slice(1)] },
      ];
      const killed = await host.runContainer(id, { hooks: { createRuntime } });
      assert.notEqual(killed.exitCode, 0);
      const next = await host.runContainer(`next-${call}`);
      assert.equal(next.exitCode, 0, next.stderr);
      const events = await host.assertReplays();
      assert.equal(events.at(-1)?.['id'], `next-${call}`);
      const ofKilled = events.filter((event) => event['id'] === id).map(({ type }) => type);
      assert.deepEqual(ofKilled, records);
    });
  }

  test('an extend by somebody else is a gap', async () => {
    await machine.sh(`tpm2_pcrextend 13:sha256=${'11'.repeat(32)}`);
    assert.equal((await host.runContainer('after-gap')).exitCode, 0);
    const types = (await host.assertReplays()).map(({ type }) => type);
    assert.deepEqual(types.slice(-2), ['gap', 'container']);
  });

  test('a container does not start when the TPM is dead', async () => {
    await machine.killTpm();
    const { exitCode, stdout, stderr } = await host.runContainer('dead', {
      args: ['/bin/echo', 'up'],
    });
    assert.notEqual(exitCode, 0);
    assert.equal(stdout, '');
    assert.match(stderr, /container dead not measured: .*\[tpm\]/);
  });

  test('the PCR and the log begin anew with a reboot', async () => {
    await machine.reboot();
    assert.equal((await host.runContainer('web')).exitCode, 0);
    const events = await host.assertReplays();
    assert.deepEqual(
      events.map(({ type }) => type),
      ['init', 'container'],
    );
    const found = events[0]?.['found'] as Record<string, string>;
    assert.match(found['sha256'] ?? '', /^0{64}$/);
  });
});
