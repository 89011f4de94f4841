import assert from 'node:assert/strict';
import { appendFileSync, existsSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { podman } from './install/podman.ts';
import { type PrivateHost, startPrivateHost } from './install/private-host.ts';
import type { Ended } from './runtime.ts';

const USER = { name: 'somebody', id: 12_345, home: '/run/somebody' } as const;

/** A podman that reads the same hooks directory as root's. */
describe('the podman of an ordinary user, once the hook is installed for podman', () => {
  const stack = new AsyncDisposableStack();
  let host: PrivateHost;
  before(async () => {
    host = stack.use(await startPrivateHost());
    for (const [path, text] of Object.entries(podman.settings)) host.write(path, text);
    const { name, id, home } = USER;
    appendFileSync(host.at('/etc/passwd'), `${name}:x:${id}:${id}::${home}:/bin/sh\n`);
    appendFileSync(host.at('/etc/group'), `${name}:x:${id}:\n`);
    for (const path of ['/etc/subuid', '/etc/subgid']) host.write(path, `${name}:200000:65536\n`);
    await host.succeed('sh', '-ec', makeHome(home, id));
    const { exitCode, stderr } = await host.oci('install', 'podman');
    assert.equal(exitCode, 0, stderr);
  });
  after(async () => await stack.disposeAsync());

  async function start(runtime: string, ...more: readonly string[]): Promise<Ended> {
    const { name, id, home } = USER;
    const user = ['--reuid', `${id}`, '--regid', `${id}`, '--clear-groups'];
    const variables = [`HOME=${home}`, `USER=${name}`, `XDG_RUNTIME_DIR=${home}/run`];
    const path = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
    const options = ['--storage-driver=vfs', `--runtime=${runtime}`, 'run', '--rm', ...more];
    const container = ['--rootfs', `${home}/rootfs`, '/bin/echo', 'started'];
    const command = ['podman', ...options, ...container];
    const asUser = ['setpriv', ...user, 'env', '-i', '-C', home, path, ...variables, ...command];
    // crun refuses a host that mounts cgroup v2 beside v1.
    const withoutUnified = 'umount /sys/fs/cgroup/unified 2>/dev/null || :; exec "$@"';
    return await host.inside('unshare', '--mount', 'sh', '-c', withoutUnified, 'sh', ...asUser);
  }

  for (const runtime of ['runc', 'crun']) {
    for (const options of [[], ['--userns=keep-id'], ['--uidmap=0:1:100'], ['--read-only']]) {
      test(
        ['starts containers as before, unmeasured:', runtime, ...options].join(' '),
        async () => {
          const { exitCode, stdout, stderr } = await start(runtime, ...options);
          assert.deepEqual([exitCode, stdout], [0, 'started'], stderr);
          assert.ok(!existsSync(`${host.state}/measurements.cel`));
        },
      );
    }
  }

  test('does so because the configuration says so: classes.rootless may deny', async () => {
    appendFileSync(host.config, '[classes]\nrootless = "deny"\n');
    const { exitCode, stdout, stderr } = await start('runc');
    assert.deepEqual([exitCode === 0, stdout], [false, '']);
    assert.match(stderr, /denies containers of class rootless \(not logged: .*\) \[class\]/);
  });
});

/** With a rootfs that has but a program, and what that is linked to. */
const makeHome = (home: string, id: number): string => `
  mkdir -p ${home}/rootfs/proc ${home}/rootfs/sys ${home}/rootfs/dev ${home}/rootfs/etc ${home}/run
  for file in /bin/echo $(ldd /bin/echo | grep -o '/[^ ]*'); do
    mkdir -p ${home}/rootfs/$(dirname $file)
    cp -L $file ${home}/rootfs/$file
  done
  chmod 755 ${home}
  chmod 700 ${home}/run
  chown -R ${id}:${id} ${home}`;
