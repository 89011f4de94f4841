import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { execa } from 'execa';
import { type CriContainerd, startCri, writeCriConfiguration } from '#integration/cri/containerd';
import type { Message } from '#integration/cri/cri-client';
import { IMAGE, PAUSE_IMAGE } from '#integration/cri/images';
import { Pod } from '#integration/cri/pod';
import { writeRuncFront } from '#integration/engines/runc-front';
import { type Host, startHost } from '#integration/host';
import { readLog } from '#integration/replay-oracle';
import { type Image, type ImageName, makeImages } from './images.ts';
import { recordOf } from './recorded.ts';

/** What lets a pod's author write any annotation into config.json, and has the hook in sandboxes too. */
const runcTable = (runc: string): string => `
pod_annotations = ["*"]
container_annotations = ["*"]
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
BinaryName = "${runc}"
`;

/** What a kubelet mounts into every container, and into one with a volume, a file of a ConfigMap and an emptyDir. */
function kubeletMounts(host: Host): Message[] {
  const kubelet = `${host.directory}/kubelet`;
  mkdirSync(`${kubelet}/directory`, { recursive: true });
  writeFileSync(`${kubelet}/file`, 'x');
  const file = { host_path: `${kubelet}/file` };
  const directory = { host_path: `${kubelet}/directory` };
  return [
    { container_path: '/etc/hosts', ...file },
    { container_path: '/dev/termination-log', ...file },
    {
      container_path: '/var/run/secrets/kubernetes.io/serviceaccount',
      ...directory,
      readonly: true,
    },
    { container_path: '/data', ...directory },
    { container_path: '/cache/deep', ...directory },
    { container_path: '/config/app.conf', ...file, readonly: true },
  ];
}

describe('containerd', () => {
  const stack = new AsyncDisposableStack();
  let host: Host;
  let images: Record<ImageName, Image>;
  let containerd: CriContainerd;
  let runc: string;
  const socket = (): string => `${host.directory}/c/sock`;

  before(async () => {
    host = stack.use(await startHost({ toml: '[classes]\nsandbox = "measure"' }));
    images = await makeImages(`${host.directory}/images`);
    const directory = `${host.directory}/c`;
    mkdirSync(directory);
    // Whoever is root in a user namespace has to get through.
    chmodSync(host.directory, 0o711);
    runc = writeRuncFront(directory, host);
    writeCriConfiguration(directory, runcTable(runc));
    containerd = stack.use(await startCri(directory));
  });
  after(async () => await stack.disposeAsync());

  const assertRecord = (id: string, image: ImageName, writable = /^pristine$/): void => {
    const record = recordOf(host, id);
    assert.deepEqual([record['view'], record['rootfs']], ['overlay', images[image].digest]);
    const [own = '', ...others] = record['writable'] as string[];
    assert.match(own, writable);
    assert.deepEqual(others, []);
  };
  const measured = /^sha256:[0-9a-f]{64}$/;

  describe('by a kubelet’s calls', () => {
    const kubelet: Record<string, [image: ImageName, config?: Message, security?: Message]> = {
      'an image that has nothing': ['bare'],
      'an image that has all of it already': ['furnished'],
      'a USER that no file knows, a missing WORKDIR and two volumes': ['user'],
      'another user': ['bare', {}, { run_as_user: { value: 1001 } }],
      'another working directory': ['bare', { working_dir: '/srv/deep/work' }],
      'a read-only root': ['bare', {}, { readonly_rootfs: true }],
    };
    for (const [title, [image, config = {}, security = {}]] of Object.entries(kubelet))
      test(`adds nothing that is not explained: ${title}`, async (context) => {
        await containerd.load(images[image].layout);
        await using pod = await Pod.run(containerd.cri, 'pod');
        const app = { name: 'app', image: IMAGE, command: ['/bin/true'], security };
        const mounts = kubeletMounts(host);
        const id = await pod.start({ ...app, config: { mounts, ...config } });
        assert.equal(await pod.ended(id), 0, context.name);
        assertRecord(id, image);
      });

    test('starts a sandbox that is measured as its own image', async () => {
      await containerd.load(images.bare.layout);
      await using pod = await Pod.run(containerd.cri, 'pod');
      assertRecord(pod.id, 'bare');
    });

    test('hides nothing: a planted upper', async () => {
      await containerd.load(images.bare.layout);
      await using pod = await Pod.run(containerd.cri, 'pod');
      const { container_id: id } = await containerd.cri.call('CreateContainer', {
        pod_sandbox_id: pod.id,
        config: {
          metadata: { name: 'app', attempt: 0 },
          image: { image: IMAGE },
          command: ['/bin/true'],
          linux: {
            security_context: {
              namespace_options: { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' },
            },
          },
        },
        sandbox_config: {
          metadata: { name: 'pod', uid: 'pod-uid', namespace: 'default', attempt: 0 },
        },
      });
      await plant(['--namespace', 'k8s.io'], String(id), 'rm -rf etc; mkdir etc');
      await containerd.cri.call('StartContainer', { container_id: id });
      assertRecord(String(id), 'bare', measured);
    });
  });

  /** Changes a container's root before it is started, where its snapshot is. */
  async function plant(namespace: readonly string[], key: string, script: string): Promise<void> {
    const merged = `${host.directory}/planted`;
    mkdirSync(merged, { recursive: true });
    const ctr = ['--address', socket(), ...namespace, 'snapshots'];
    const { stdout } = await execa('ctr', [...ctr, 'mounts', merged, key]);
    await execa('sh', ['-euc', `${stdout}\ncd ${merged}\n${script}`]);
    await execa('umount', [merged]);
  }

  describe('by ctr', () => {
    const ctr = async (...args: readonly string[]): Promise<void> => {
      await execa('ctr', ['--address', socket(), '--namespace', 'k8s.io', ...args]);
    };
    const runs: Record<string, readonly string[]> = {
      'an image that has nothing': [],
      '--read-only': ['--read-only'],
      '--cwd that is missing': ['--cwd', '/srv/deep/work'],
      '--mount on a new file and over a directory': [
        '--mount=type=bind,src=/etc/hostname,dst=/new/file,options=rbind:ro',
        '--mount=type=tmpfs,dst=/data',
      ],
      '--privileged': ['--privileged'],
      '--uidmap': ['--uidmap', '0:100000:65536', '--gidmap', '0:100000:65536'],
    };
    for (const [title, options] of Object.entries(runs))
      test(`adds nothing that is not explained: ${title}`, async () => {
        await containerd.load(images.bare.layout);
        const start = ['run', '--rm', '--runc-binary', runc, ...options];
        await ctr(...start, IMAGE, 'by-ctr', '/bin/true');
        assertRecord('by-ctr', 'bare');
      });

    for (const [title, script] of [
      ['a planted file', 'echo x >planted'],
      ['rm -rf /etc; mkdir /etc', 'rm -rf etc; mkdir etc'],
      ['a mount point with something in it', 'mkdir -p run; echo x >run/planted'],
    ] as const)
      test(`hides nothing: ${title}`, async () => {
        await containerd.load(images.bare.layout);
        await ctr('run', '--runc-binary', runc, IMAGE, 'tampered', '/bin/true');
        assertRecord('tampered', 'bare');
        await plant(['--namespace', 'k8s.io'], 'tampered', script);
        await ctr('task', 'start', 'tampered');
        assertRecord('tampered', 'bare', measured);
        await ctr('container', 'remove', 'tampered');
      });
  });
});

describe('where sandboxes are not measured', () => {
  const claims = {
    'io.kubernetes.cri.container-type': 'sandbox',
    'io.kubernetes.cri-o.ContainerType': 'sandbox',
    'io.kubernetes.cri-o.SandboxID': 'x',
    'io.buildah.version': '1.28.2',
  };

  test('a pod’s author makes no container a sandbox by what he writes', async () => {
    await using host = await startHost({ toml: '[classes]\nsandbox = "skip"\nbuild = "skip"' });
    const { bare } = await makeImages(`${host.directory}/images`);
    const directory = `${host.directory}/c`;
    mkdirSync(directory);
    writeCriConfiguration(directory, runcTable(writeRuncFront(directory, host)));
    await using containerd = await startCri(directory);
    await containerd.load(bare.layout);
    await using pod = await Pod.run(containerd.cri, 'pod', { annotations: claims });
    const sandbox = readLog(host).at(-1)?.event;
    assert.deepEqual(
      [sandbox?.['type'], sandbox?.['class'], sandbox?.['id']],
      ['skipped', 'sandbox', pod.id],
    );
    const annotations = { ...claims, 'io.kubernetes.cri.sandbox-id': pod.id };
    const app = { name: 'app', image: PAUSE_IMAGE, command: ['/bin/true'] };
    const id = await pod.start({ ...app, config: { annotations } });
    const record = recordOf(host, id);
    assert.deepEqual([record['rootfs'], record['writable']], [bare.digest, ['pristine']]);
  });
});
