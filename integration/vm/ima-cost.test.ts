import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ImaHost } from './ima-host.ts';
import { bootMachine, type Machine } from './machine.ts';

const FILES = 9_000;

describe('a machine whose kernel lists whatever root reads', () => {
  let machine: Machine;
  let host: ImaHost;
  before(async () => {
    const commandLine = 'ima_policy=tcb';
    machine = await bootMachine({ kernel: 'bookworm', commandLine, timeoutSeconds: 240 });
    host = new ImaHost(machine);
    await host.configure('[ima]\nmode = "require"\n');
    await host.command('install ima --load');
    await machine.sh(`
      mkdir -p /srv/large
      cp -a /srv/busybox/. /srv/large
      cd /srv/large
      awk 'BEGIN { for (i = 0; i < ${FILES}; i++) { if (i % 100 == 0) { d = "d" i; system("mkdir " d) } f = d "/f" i; print i >f; close(f) } }'`);
  });
  after(async () => {
    await machine[Symbol.asyncDispose]();
  });

  test('lists a handful of files for a start of an image of 9,000', async () => {
    // What a start runs and reads on the way is listed once a boot.
    assert.equal((await host.runContainer('small')).exitCode, 0);
    const listed = await host.listedBy(async () => {
      const { exitCode, stderr } = await host.runContainer('large', {}, '/srv/large');
      assert.equal(exitCode, 0, stderr);
    });
    assert.ok(listed.length >= 2 && listed.length < 30, listed.map(({ path }) => path).join(' '));
  });
});
