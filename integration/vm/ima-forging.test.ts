import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Forgery, forge, forgedOnOverlay, forgedOnVolume } from './forgery.ts';
import { hashAndPath, ImaHost } from './ima-host.ts';
import { bootMachine, type Machine } from './machine.ts';

const policy = '/etc/ima/ima-policy';

/** Of one of these kernels alone an overlay takes the UUID that it is given. */
describe("a container that makes a record of its own, with the rule's owner and below its path", () => {
  let machine: Machine;
  let host: ImaHost;
  before(async () => {
    machine = await bootMachine({ kernel: 'trixie' });
    host = new ImaHost(machine);
    await host.configure('[ima]\nmode = "require"\n');
    await host.command('install ima --load');
  });
  after(async () => {
    await machine[Symbol.asyncDispose]();
  });

  const listedOf = async (forgery: Forgery): Promise<string[]> => {
    const listed = await host.listedBy(async () => {
      assert.equal(await forge(host, forgery), forgery.content);
    });
    return listed.map((entry) => `${entry.template} ${hashAndPath(entry)}`);
  };

  for (const forgery of [forgedOnOverlay, forgedOnVolume]) {
    test(`is not listed: ${forgery.title}`, async () => {
      assert.deepEqual(await listedOf(forgery), []);
    });
  }

  test('is listed by rules that leave out fsname, or fsuuid', async () => {
    // The kernel takes one policy in a boot. What it lists by which rule, the template tells.
    await machine.sh(`
      rule=$(grep ^measure ${policy})
      echo "$rule" | sed 's/ fsname=[^ ]*//; s/ima-sig/ima-ng/' >/root/policy
      echo "$rule" | sed 's/ fsuuid=[^ ]*//' >>/root/policy`);
    await machine.reboot();
    await machine.sh('cat /root/policy >/sys/kernel/security/ima/policy');
    assert.deepEqual(await listedOf(forgedOnOverlay), [`ima-ng ${forgedOnOverlay.entry}`]);
    assert.deepEqual(await listedOf(forgedOnVolume), [`ima-sig ${forgedOnVolume.entry}`]);
  });
});
