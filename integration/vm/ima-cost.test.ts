import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { forge, forgedImage } from './forgery.ts';
import { containerEntry, hashAndPath, ImaHost, RECORDS } from './ima-host.ts';
import { bootMachine, type Machine } from './machine.ts';

const FILES = 9_000;
const LISTED = 10_000;
/** A block of our own log, which is longer by then, and room for what numbers of more digits take. */
const MORE_BYTES = 32_768;

/** A list is long where a site measures what root reads and runs, which is the policy most used. */
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

  /** Bytes read from anywhere by one start after another: the hook and the programs that it runs, called as runc would. */
  async function bytesReadBy(starts: number): Promise<number[]> {
    const { path, args } = host.hookEntry();
    const hook = [path, ...args.slice(1)].join(' ');
    // A process is charged with what its children read once they ended (`rchar`, proc(5)).
    const output = await machine.sh(`
      cd /var/lib/bundles/small
      mount -t overlay -o lowerdir=/srv/busybox,upperdir=$PWD/upper,workdir=$PWD/work overlay rootfs
      for start in $(seq ${starts}); do
        id=start-$start-of-${starts}
        # The log is looked through back to the start of the container's process: that has to be a new one.
        sleep 1000 &
        echo '{"ociVersion":"1.0.2","id":"'$id'","status":"creating","pid":'$!',"bundle":"'$PWD'"}' >/tmp/state
        while read -r name before; do [ $name = rchar: ] && break; done </proc/$$/io
        ${hook} </tmp/state
        while read -r name after; do [ $name = rchar: ] && break; done </proc/$$/io
        kill $!
        echo $((after - before))
      done
      umount rootfs`);
    return output.trim().split('\n').map(Number);
  }

  // The rule that lists it is the site's (docs/ima-records.md §6).
  test('lists an image record that a container forges, and starts the image all the same', async () => {
    const rootfs = (await machine.sh('/opt/oci-measure digest /srv/busybox')).trim();
    const forged = forgedImage(rootfs);
    const isRecord = ({ path }: { path: string }): boolean => path.startsWith(RECORDS);
    const made = await host.listedBy(async () => {
      assert.equal(await forge(host, forged), forged.content);
    });
    assert.deepEqual(made.filter(isRecord).map(hashAndPath), [forged.entry]);
    const listed = await host.listedBy(async () => {
      const { exitCode, stderr } = await host.runContainer('small');
      assert.equal(exitCode, 0, stderr);
    });
    const [start] = await host.loggedStarts();
    assert.ok(start);
    assert.deepEqual(listed.filter(isRecord).map(hashAndPath), [containerEntry(start)]);
  });

  test('lists a handful of files for a start of an image of 9,000', async () => {
    // What a start runs and reads on the way was listed by the one before, and is listed once a boot.
    const listed = await host.listedBy(async () => {
      const { exitCode, stderr } = await host.runContainer('large', {}, '/srv/large');
      assert.equal(exitCode, 0, stderr);
    });
    assert.ok(listed.length >= 2 && listed.length < 30, listed.map(({ path }) => path).join(' '));
  });

  test('has 20 starts behind 10,000 entries read no more than the first ones did, but for one that reads what was added', async () => {
    const first = await bytesReadBy(4);
    await machine.sh(
      `find /srv/large /usr/share /usr/lib -xdev -type f -print0 | head -z -n ${LISTED} | xargs -0 cat >/dev/null`,
    );
    assert.ok((await host.readList()).length >= LISTED);
    const [, ...later] = await bytesReadBy(21);
    const most = Math.max(...first) + MORE_BYTES;
    assert.ok(Math.max(...later) <= most, `${first.join()} then ${later.join()}, at most ${most}`);
    await host.assertListReplays();
    await host.assertOneStory();
  });
});
