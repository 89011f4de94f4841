import { mkdirSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { startDaemon } from '#integration/engines/daemon';
import { removeDirectory } from '#integration/engines/remove-directory';
import { CriClient } from './cri-client.ts';
import { archiveForCri, BASE_NAME, PAUSE_IMAGE } from './images.ts';

/** Debian's containerd with a storage of its own, and its CRI. */
export interface CriContainerd extends AsyncDisposable {
  readonly cri: CriClient;
  /** Imports an image and the sandbox image. @param layout an OCI layout with the reference `latest` */
  load(layout: string): Promise<void>;
  /** Ends the daemon and starts it again: what makes it take a configuration in. The containers go on. */
  restart(): Promise<void>;
}

/**
 * @param directory for all it has
 * @param config its configuration file, which must say what {@link criConfiguration} says
 */
export async function startCri(
  directory: string,
  config = `${directory}/config.toml`,
): Promise<CriContainerd> {
  const address = ['--address', `${directory}/sock`];
  const ctr = [...address, '--namespace', 'k8s.io'];
  const start = async (): Promise<AsyncDisposable> =>
    await startDaemon(['containerd', '--config', config], `${directory}/log`, [
      'ctr',
      ...address,
      'version',
    ]);
  let daemon = await start();
  let cri = new CriClient(`${directory}/sock`);
  const stop = async (): Promise<void> => {
    cri[Symbol.dispose]();
    await daemon[Symbol.asyncDispose]();
  };
  return {
    get cri() {
      return cri;
    },
    load: async (layout) => {
      const archive = await archiveForCri(layout, `${directory}/image`);
      await execa('ctr', [...ctr, 'images', 'import', '--base-name', BASE_NAME, archive]);
    },
    restart: async () => {
      await stop();
      daemon = await start();
      cri = new CriClient(`${directory}/sock`);
    },
    async [Symbol.asyncDispose]() {
      await stop();
      await removeDirectory(directory);
    },
  };
}

/** A configuration for containerd's CRI in a place of its own, on a machine with neither a network for pods nor AppArmor. */
export function writeCriConfiguration(directory: string, ofRunc = ''): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/config.toml`, criConfiguration(directory, ofRunc));
}

/** @param ofRunc lines of the table of the runtime `runc` */
export const criConfiguration = (directory: string, ofRunc = ''): string => `
version = 2
root = "${directory}/root"
state = "${directory}/state"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
address = "${directory}/sock"
[ttrpc]
address = "${directory}/sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
disable_apparmor = true
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".cni]
conf_dir = "${directory}/cni"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
${ofRunc}
`;
