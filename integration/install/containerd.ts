import { CriClient } from '#integration/cri/cri-client';
import { archiveForCri, BASE_NAME, IMAGE, PAUSE_IMAGE } from '#integration/cri/images';
import { Pod } from '#integration/cri/pod';
import { oneLayer } from '#integration/images';
import type { Ended } from '#integration/runtime';
import type { EngineUnderTest } from './engine.ts';

/** As a kubelet has it. */
export const containerd: EngineUnderTest = {
  name: 'containerd',
  runtimes: 2,
  writable: 1,
  settings: {
    '/etc/containerd/config.toml': `
version = 2

# Neither a network for pods nor AppArmor is here.
[plugins]
  [plugins."io.containerd.grpc.v1.cri"]
    sandbox_image = "${PAUSE_IMAGE}"   # there is no registry
    disable_apparmor = true
    restrict_oom_score_adj = true
    [plugins."io.containerd.grpc.v1.cri".cni]
      bin_dir = "/usr/lib/cni"
      conf_dir = "/etc/cni/net.d"
    [plugins."io.containerd.grpc.v1.cri".containerd]
      default_runtime_name = "runc"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
        runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.pinned]   # by a RuntimeClass
        runtime_type = "io.containerd.runc.v2"
        [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.pinned.options]
          BinaryName = "/usr/sbin/runc"
  [plugins."io.containerd.internal.v1.opt"]
    path = "/var/lib/containerd/opt"
`,
  },
  boot: async (host) => {
    const start = async (): Promise<Daemon> => {
      const daemon = await host.startDaemon(['containerd'], ['ctr', 'version']);
      return { daemon, cri: new CriClient(`${host.directory}/run/containerd/containerd.sock`) };
    };
    let running = await start();
    const archive = await archiveForCri(oneLayer.gzip, `${host.directory}/image`);
    const images = ['--namespace', 'k8s.io', 'images'];
    await host.succeed('ctr', ...images, 'import', '--base-name', BASE_NAME, archive);
    let pods = 0;
    return {
      restart: async () => {
        await stop(running);
        running = await start();
      },
      start: async () => {
        pods += 1;
        const first = await runInPod(running.cri, `pod-${pods}`, '');
        return first.exitCode === 0
          ? await runInPod(running.cri, `pinned-${pods}`, 'pinned')
          : first;
      },
      [Symbol.asyncDispose]: async () => await stop(running),
    };
  },
};

interface Daemon {
  readonly daemon: AsyncDisposable;
  readonly cri: CriClient;
}

async function stop({ daemon, cri }: Daemon): Promise<void> {
  cri[Symbol.dispose]();
  await daemon[Symbol.asyncDispose]();
}

async function runInPod(cri: CriClient, name: string, handler: string): Promise<Ended> {
  await using pod = await Pod.run(cri, name, { handler });
  const id = await pod.start({ name: 'app', image: IMAGE, command: ['/bin/true'] });
  return { exitCode: await pod.ended(id), stdout: '', stderr: '' };
}
