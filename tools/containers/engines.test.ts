/** Containers that real engines run, none of which calls the hook. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { EngineHost } from '#tools/doctor/engine-host.fixture';
import { mainFile, nodeOptions, parseOutput } from '#tools/program.fixture';

let host: EngineHost;
before(() => {
  host = new EngineHost();
  host.write('/etc/containerd/config.toml', 'version = 2\n');
});
after(() => host[Symbol.dispose]());

/** A tree that sleeps, made of the machine's own. */
const ROOTFS = `
  mkdir -p /run/rootfs/bin
  cp --dereference /bin/sleep /run/rootfs/bin/
  ldd /bin/sleep | grep --only-matching '/lib[^ ]*' | while read -r library; do
    mkdir -p "/run/rootfs$(dirname "$library")"
    cp --dereference "$library" "/run/rootfs$library"
  done
  umount /sys/fs/cgroup/unified 2>/dev/null || true`;

type Shown = Readonly<Record<string, unknown>>;

async function containers(script: string): Promise<readonly Shown[]> {
  const words = [process.execPath, ...nodeOptions, mainFile, 'containers', '--json'];
  const { stdout, stderr } = await host.run(`${ROOTFS}\n${script}\n"$@"`, ...words);
  assert.ok(stdout.includes('['), stderr);
  const output = stdout.slice(stdout.indexOf('[\n'));
  parseOutput('containers', output);
  return JSON.parse(output);
}

const CONTAINERD = `
  containerd >/run/log 2>&1 &
  until ctr version >/dev/null 2>&1; do sleep 0.1; done`;

describe('containers shows as unmeasured', () => {
  test('a container of containerd', async () => {
    const start = 'ctr --namespace here run --detach --rootfs /run/rootfs c1 /bin/sleep 60';
    const [container, ...others] = await containers(`${CONTAINERD}\n${start} </dev/null >/run/out`);
    assert.deepEqual(others, []);
    assert.deepEqual(
      [container?.['measured'], container?.['id'], container?.['engine'], container?.['class']],
      [false, 'c1', 'containerd', 'container'],
    );
  });

  for (const runtime of ['runc', 'crun']) {
    test(`a container of podman by ${runtime}`, async () => {
      const start = `podman --storage-driver vfs --runtime ${runtime} --events-backend none \\
        --cgroup-manager cgroupfs run --detach --name ${runtime} --network none --log-driver none \\
        --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 --rootfs /run/rootfs /bin/sleep 60`;
      const [container, ...others] = await containers(`${start} >/run/out`);
      assert.deepEqual(others, []);
      assert.deepEqual([container?.['measured'], container?.['engine']], [false, 'podman']);
    });
  }

  test('a container of Docker', async () => {
    host.write('/etc/docker/daemon.json', {
      bridge: 'none',
      iptables: false,
      'ip-forward': false,
      'ip-masq': false,
      'storage-driver': 'vfs',
    });
    const start = `${CONTAINERD}
      dockerd >/run/log 2>&1 &
      until docker version >/dev/null 2>&1; do sleep 0.1; done
      tar --create --directory /run/rootfs . | docker import - image >/run/out
      docker run --detach --name web --network none --log-driver none image /bin/sleep 60 >/run/out`;
    const [container, ...others] = await containers(start);
    assert.deepEqual(others, []);
    assert.deepEqual([container?.['measured'], container?.['engine']], [false, 'docker']);
  });
});
