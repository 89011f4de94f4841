import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { classify, classOf } from './container-class.ts';
import { engineOf } from './engine.ts';
import { identify } from './identity.ts';

const host = { uidMap: '         0          0 4294967295\n', link: 'user:[4026531837]' };
const id = '3b2f4c1de5a64f0e8b7c9d0a1b2c3d4e5f60718293a4b5c6d7e8f9010a1b2c3d';

function stateOf(change: { id?: string; bundle?: string; annotations?: object }) {
  const annotations = new Map<string, string>(Object.entries(change.annotations ?? {}));
  return { id, bundle: '/var/lib/b', ...change, annotations };
}

const containerdSandbox = {
  'io.kubernetes.cri.container-type': 'sandbox',
  'io.kubernetes.cri.sandbox-id': id,
};
const crioSandbox = {
  'io.kubernetes.cri-o.ContainerType': 'sandbox',
  'io.kubernetes.cri-o.SandboxID': id,
};

describe('classOf', () => {
  test('a plain container is a container', () => {
    assert.equal(classOf(stateOf({}), host), 'container');
  });

  test('a pod’s sandbox is a sandbox, whichever engine made it', () => {
    assert.equal(classOf(stateOf({ annotations: containerdSandbox }), host), 'sandbox');
    assert.equal(classOf(stateOf({ annotations: crioSandbox }), host), 'sandbox');
  });

  test('an annotation that says sandbox without the container’s own id makes none', () => {
    for (const annotations of [
      { 'io.kubernetes.cri.container-type': 'sandbox' },
      { ...containerdSandbox, 'io.kubernetes.cri.sandbox-id': id.replace('3', '4') },
      { ...containerdSandbox, 'io.kubernetes.cri.container-type': 'container' },
      { ...crioSandbox, 'io.kubernetes.cri-o.SandboxID': '' },
      // One of each engine's do not add up.
      { 'io.kubernetes.cri.container-type': 'sandbox', 'io.kubernetes.cri-o.SandboxID': id },
    ]) {
      assert.equal(classOf(stateOf({ annotations }), host), 'container');
    }
  });

  test('a RUN step of an image build is one by its id and its bundle together', () => {
    const bundle = '/var/tmp/buildah2131049381';
    assert.equal(classOf(stateOf({ id: 'buildah-buildah2131049381', bundle }), host), 'build');
    for (const other of ['buildah2131049381', 'buildah-buildah1', 'buildah-x', 'c1']) {
      assert.equal(classOf(stateOf({ id: other, bundle }), host), 'container');
    }
    const elsewhere = { id: 'buildah-rootfs', bundle: '/var/tmp/rootfs' };
    assert.equal(classOf(stateOf(elsewhere), host), 'container');
  });

  test('a hook in a user namespace is rootless, whatever else the container is', () => {
    const rootless = [
      { ...host, uidMap: '         0       1000          1\n         1     100000      65536\n' },
      // systemd can make a namespace whose map is the whole identity.
      { ...host, link: 'user:[4026532281]' },
    ];
    for (const ofHook of rootless) {
      assert.equal(classOf(stateOf({ annotations: containerdSandbox }), ofHook), 'rootless');
      assert.equal(classOf(stateOf({}), ofHook), 'rootless');
    }
  });

  test('no annotation makes a container rootless or a build', () => {
    const annotations = { rootless: 'true', 'io.buildah.version': '1', 'io.podman.rootless': '1' };
    assert.equal(classOf(stateOf({ annotations }), host), 'container');
  });
});

test('a hook run by the host’s root is not rootless', () => {
  const state = { ...stateOf({}), pid: 1, status: 'created' };
  assert.equal(classify(state), 'container');
});

/** What a program prints in a new user namespace with this map of ids. */
async function inUserNamespace(map: string, program: readonly string[]): Promise<string> {
  const wait = ['--user', 'sh', '-c', 'echo; read go; exec "$@"', 'sh'];
  const child = spawn('unshare', [...wait, ...program], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  await once(child.stdout, 'readable');
  writeFileSync(`/proc/${child.pid}/uid_map`, map);
  child.stdin.end('go\n');
  return await text(child.stdout);
}

describe('classify in a user namespace of the kernel’s own', () => {
  const module = join(import.meta.dirname, 'container-class.ts');
  const source = `
    const { classify } = await import(${JSON.stringify(module)});
    console.log(classify({ id: 'c1', bundle: '/b', annotations: new Map() }));
  `;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  for (const map of ['0 0 1', '0 0 4294967295', '0 100000 65536\n100000 0 1']) {
    test(`that maps ${JSON.stringify(map)} says rootless`, async () => {
      const program = [...node, '--input-type=module', '--eval', source];
      assert.equal(await inUserNamespace(map, program), '\nrootless\n');
    });
  }
});

describe('engineOf', () => {
  const task = '/run/containerd/io.containerd.runtime.v2.task';
  const stored = `/var/lib/containers/storage/overlay-containers/${id}/userdata`;
  const libpod = { 'io.container.manager': 'libpod' };
  const crio = { 'io.container.manager': 'cri-o' };
  const cases: readonly [string, Parameters<typeof stateOf>[0], string | undefined][] = [
    ['containerd’s CRI', { bundle: `${task}/k8s.io/${id}` }, 'containerd'],
    ['nerdctl', { bundle: `${task}/default/${id}` }, 'containerd'],
    ['Docker', { bundle: `${task}/moby/${id}` }, 'docker'],
    [
      'Docker with a containerd of its own',
      { bundle: `/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/${id}` },
      'docker',
    ],
    ['podman', { bundle: stored, annotations: libpod }, 'podman'],
    ['podman where crun sees bundle /', { bundle: '/', annotations: libpod }, 'podman'],
    ['CRI-O', { bundle: stored.replace('/var/lib', '/run'), annotations: crio }, 'cri-o'],
    ['buildah', { id: 'buildah-buildah12', bundle: '/var/tmp/buildah12' }, 'buildah'],
    ['runc alone', { bundle: '/root/bundle' }, undefined],
    ['runc alone that claims podman', { bundle: '/root/bundle', annotations: libpod }, undefined],
    [
      'containerd, claiming podman',
      { bundle: `${task}/k8s.io/${id}`, annotations: libpod },
      'containerd',
    ],
    ['another container’s bundle', { bundle: `${task}/moby/other` }, undefined],
  ];
  for (const [title, change, engine] of cases) {
    test(`${title}: ${engine ?? 'nothing tells'}`, () => {
      assert.equal(engineOf(stateOf(change)), engine);
    });
  }
});

describe('identify', () => {
  const cri = {
    'io.kubernetes.cri.image-name': 'docker.io/library/redis:7',
    'io.kubernetes.cri.sandbox-name': 'redis-0',
    'io.kubernetes.cri.sandbox-namespace': 'prod',
    'io.kubernetes.cri.container-name': 'redis',
  };
  const names = {
    image: 'docker.io/library/redis:7',
    pod: 'redis-0',
    namespace: 'prod',
    container: 'redis',
  };

  test('containerd’s annotations name image, pod, namespace and container', () => {
    assert.deepEqual(identify(stateOf({ annotations: cri })), names);
  });

  test('CRI-O’s do as well', () => {
    const annotations = {
      'io.kubernetes.cri-o.ImageName': 'docker.io/library/redis:7',
      'io.kubernetes.cri-o.Image': 'd5b6c8',
      'io.kubernetes.cri-o.KubeName': 'redis-0',
      'io.kubernetes.cri-o.Namespace': 'prod',
      'io.kubernetes.container.name': 'redis',
      'io.kubernetes.cri-o.ContainerName': 'k8s_redis_redis-0_prod_1_0',
    };
    assert.deepEqual(identify(stateOf({ annotations })), names);
  });

  test('no other annotation gets out', () => {
    const annotations = {
      'kubectl.kubernetes.io/last-applied-configuration': 'secret',
      'io.kubernetes.cri-o.Annotations': 'secret',
      'vault.token': 'secret',
      __proto__: null,
      image: 'secret',
    };
    assert.deepEqual(identify(stateOf({ annotations })), {});
  });

  test('a tenant’s annotation in another engine’s name does not count where the engine is known', () => {
    const bundle = `/run/containerd/io.containerd.runtime.v2.task/k8s.io/${id}`;
    const annotations = { 'io.kubernetes.cri-o.ImageName': 'good' };
    assert.deepEqual(identify(stateOf({ bundle, annotations })), {});
    assert.deepEqual(identify(stateOf({ bundle, annotations: { ...cri, ...annotations } })), names);
  });
});
