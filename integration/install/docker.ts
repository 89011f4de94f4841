import { oneLayer } from '#integration/images';
import type { EngineUnderTest } from './engine.ts';

export const docker: EngineUnderTest = {
  name: 'docker',
  runtimes: 1,
  // Docker has a layer of its own between the image and the container's.
  writable: 2,
  settings: {
    '/etc/docker/daemon.json': `{
    "bridge": "none", "iptables": false,
    "ip-forward": false,
  "ip-masq": false,
  "storage-driver": "overlay2"
}
`,
  },
  boot: async (host) => {
    const start = async (): Promise<AsyncDisposable> =>
      await host.startDaemon(['dockerd'], ['docker', 'version']);
    let daemon = await start();
    await host.succeed('docker', 'load', '--input', oneLayer.dockerArchive);
    return {
      restart: async () => {
        await daemon[Symbol.asyncDispose]();
        daemon = await start();
      },
      start: async () => {
        const options = ['--rm', '--network=none', '--log-driver=none'];
        return await host.inside('docker', 'run', ...options, 'image:latest', '/bin/true');
      },
      [Symbol.asyncDispose]: async () => await daemon[Symbol.asyncDispose](),
    };
  },
};
