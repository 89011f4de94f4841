import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { unmountBelow } from '#integration/engines/unmount-below';
import type { Host } from '#integration/host';
import { type Ended, type RuntimeName, run } from '#integration/runtime';
import type { Image, ImageName } from './images.ts';

/** Neither systemd nor a network nor more open files than a small machine allows. */
const containersConf = `
[containers]
default_ulimits = ["nofile=1024:1024", "nproc=1024:1024"]
netns = "none"
log_driver = "none"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "none"
`;

/** crun refuses a host that mounts cgroup v2 beside v1, so podman runs where that second mount is gone. */
const withoutSecondCgroups = `
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
  exec podman "$@"`;

export interface PodmanOptions {
  readonly runtime: RuntimeName;
  readonly storageDriver?: 'overlay' | 'vfs';
}

/** podman with a storage of its own and the hook at createRuntime; one for each host, since podman wants short paths. */
export class Podman implements AsyncDisposable {
  readonly name = 'podman';
  readonly #directory: string;
  readonly #options: PodmanOptions;
  readonly #images = new Map<ImageName, string>();

  constructor(host: Host, options: PodmanOptions) {
    this.#options = options;
    this.#directory = `${host.directory}/podman`;
    mkdirSync(`${this.#directory}/hooks.d`, { recursive: true });
    writeFileSync(`${this.#directory}/containers.conf`, containersConf);
    const hook = {
      version: '1.0.0',
      hook: host.hookEntry(),
      when: { always: true },
      stages: ['createRuntime'],
    };
    writeFileSync(`${this.#directory}/hooks.d/oci-measure.json`, JSON.stringify(hook));
  }

  async load(images: Record<ImageName, Image>): Promise<void> {
    for (const [name, { ociArchive }] of Object.entries(images)) {
      const { stdout } = await this.must('pull', '--quiet', `oci-archive:${ociArchive}`);
      this.#images.set(name as ImageName, stdout.trim());
    }
  }

  /** What the image is called here. */
  image(name: ImageName): string {
    return this.#images.get(name) ?? name;
  }

  /** Runs podman's own command line. */
  async command(...args: readonly string[]): Promise<Ended> {
    const { runtime, storageDriver = 'overlay' } = this.#options;
    const home = this.#directory;
    const storage = ['--root', `${home}/storage`, '--runroot', `${home}/run`];
    const globals = [
      ...storage,
      `--storage-driver=${storageDriver}`,
      `--runtime=${runtime}`,
      `--hooks-dir=${home}/hooks.d`,
    ];
    const env = { CONTAINERS_CONF: `${home}/containers.conf` };
    if (runtime === 'runc') return await run('podman', [...globals, ...args], '', env);
    const inNamespace = ['--mount', 'sh', '-c', withoutSecondCgroups, 'podman'];
    return await run('unshare', [...inNamespace, ...globals, ...args], '', env);
  }

  /** A command that has to succeed. */
  async must(...args: readonly string[]): Promise<Ended> {
    const ended = await this.command(...args);
    if (ended.exitCode === 0) return ended;
    throw new Error(`podman ${args.join(' ')}: ${ended.stderr}`);
  }

  /** Runs a script in the mounted root of a container that does not run. */
  async change(id: string, script: string): Promise<void> {
    const { stdout } = await this.must('mount', id);
    await execa('sh', ['-euc', script], { cwd: stdout.trim() });
    await this.must('unmount', id);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await unmountBelow(this.#directory);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
