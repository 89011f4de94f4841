import { writeFileSync } from 'node:fs';
import { writePodmanSettings } from '#integration/engines/podman-settings';
import { removeDirectory } from '#integration/engines/remove-directory';
import type { Host } from '#integration/host';
import { program, workDirectory } from '#integration/program';
import { type Ended, type RuntimeName, run } from '#integration/runtime';
import type { SteppedEngine } from './engine.ts';
import type { Image, ImageName } from './images.ts';

/**
 * crun refuses a host that mounts cgroup v2 beside v1, and --userns=auto wants ids for a user `containers`, so podman runs
 * where that second mount is gone and these ids are there.
 */
const prepare = `
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
  mount --bind "$subids" /etc/subuid
  mount --bind "$subids" /etc/subgid`;

/** The same with the programs of another release: a disk's, the kernel and the places where tests work stay. */
const enterUserland = `
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
  mkdir -p "$room/disk" "$room/new" "$room/root"
  mount -o loop,ro "$userland" "$room/disk"
  mount -t tmpfs tmpfs "$room/new"
  mkdir -p "$room/new/upper/etc" "$room/new/upper/usr/share" "$room/new/work"
  cp "$subids" "$room/new/upper/etc/subuid"
  cp "$subids" "$room/new/upper/etc/subgid"
  cp -a /usr/share/zoneinfo "$room/new/upper/usr/share"
  cp -a /etc/hostname /etc/localtime "$room/new/upper/etc"
  mount -t overlay -o "lowerdir=$room/disk,upperdir=$room/new/upper,workdir=$room/new/work" overlay "$room/root"
  for place in /proc /sys /dev "$work" "$(dirname "$program")"; do
    mkdir -p "$room/root$place"
    mount --rbind "$place" "$room/root$place"
  done
  mount -t tmpfs tmpfs "$room/root/run"
  cd "$room/root"
  mkdir -p old
  pivot_root . old
  umount -l /old`;

const runPodman = `
  exec podman "$@"`;

const changeContainer = `
  merged=$(podman "$@" mount "$id")
  (cd "$merged" && sh -euc "$script")
  podman "$@" unmount "$id"`;

export interface PodmanOptions {
  readonly runtime: RuntimeName;
  readonly storageDriver?: 'overlay' | 'vfs';
  /** Of the overlays that containers are mounted as: `metacopy=on` is the default of Fedora and its like. */
  readonly mountOptions?: string;
  /** A disk of Debian's, in which podman and the runtime are. */
  readonly userland?: string;
}

/** podman with a storage of its own and the hook at createRuntime; one for each host, since podman wants short paths. */
export class Podman implements SteppedEngine {
  readonly name = 'podman';
  readonly #directory: string;
  readonly #options: PodmanOptions;
  readonly #images = new Map<ImageName, string>();

  constructor(host: Host, options: PodmanOptions) {
    this.#options = options;
    this.#directory = `${host.directory}/podman`;
    writePodmanSettings(this.#directory, host);
    writeFileSync(`${this.#directory}/subids`, 'containers:1000000:1000000\n');
  }

  async load(images: Readonly<Record<ImageName, Image>>): Promise<void> {
    for (const [name, { ociArchive }] of Object.entries(images)) {
      this.#images.set(
        name as ImageName,
        await this.must('pull', '--quiet', `oci-archive:${ociArchive}`),
      );
    }
  }

  /** What the image is called here. */
  image(name: ImageName): string {
    return this.#images.get(name) ?? name;
  }

  async create(
    image: ImageName,
    options: readonly string[],
    command: readonly string[],
  ): Promise<string> {
    return await this.must('create', ...options, this.image(image), ...command);
  }

  async start(id: string): Promise<Ended> {
    return await this.command('start', '--attach', id);
  }

  async remove(id: string): Promise<void> {
    // What it leaves in a mount namespace that is gone, it may fail to clean up.
    await this.command('rm', '--force', id);
  }

  /** Runs podman's own command line. */
  async command(...args: readonly string[]): Promise<Ended> {
    return await this.#run(runPodman, args);
  }

  async change(id: string, script: string): Promise<void> {
    const { exitCode, stderr } = await this.#run(changeContainer, [], { id, script });
    if (exitCode !== 0) throw new Error(stderr);
  }

  async #run(
    script: string,
    args: readonly string[],
    variables: Readonly<Record<string, string>> = {},
  ): Promise<Ended> {
    const { runtime, storageDriver = 'overlay', mountOptions, userland } = this.#options;
    const home = this.#directory;
    const globals = [
      `--root=${home}/storage`,
      `--runroot=${home}/run`,
      `--storage-driver=${storageDriver}`,
      ...(mountOptions === undefined ? [] : [`--storage-opt=overlay.mountopt=${mountOptions}`]),
      `--runtime=${runtime}`,
      `--hooks-dir=${home}/hooks.d`,
    ];
    const env = {
      CONTAINERS_CONF: `${home}/containers.conf`,
      subids: `${home}/subids`,
      ...(userland === undefined ? {} : { userland, room: `${home}/room`, program }),
      work: workDirectory,
      ...variables,
    };
    const enter = userland === undefined ? prepare : enterUserland;
    const start = ['--mount', 'sh', '-euc', enter + script, 'podman'];
    return await run('unshare', [...start, ...globals, ...args], '', env);
  }

  async must(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.command(...args);
    if (exitCode !== 0) throw new Error(`podman ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeDirectory(this.#directory);
  }
}
