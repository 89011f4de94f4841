import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { execa } from 'execa';
import { startDaemon } from '#integration/engines/daemon';
import { writeDockerSettings } from '#integration/engines/docker-settings';
import { removeDirectory } from '#integration/engines/remove-directory';
import type { Host } from '#integration/host';
import { type Ended, run } from '#integration/runtime';
import type { SteppedEngine } from './engine.ts';
import type { Image, ImageName } from './images.ts';

export interface DockerOptions {
  readonly storageDriver?: 'overlay2' | 'vfs';
  /** The user whose subordinate ids root has in containers: `userns-remap`. */
  readonly remapped?: string;
}

const FIRST_ID = '1000000';
const withSubordinateIds = `
  mount --bind "$0" /etc/subuid
  mount --bind "$0" /etc/subgid
  exec "$@"`;

/** Docker with a storage of its own, and the hook put in by a front of runc. */
export async function startDocker(host: Host, options: DockerOptions = {}): Promise<SteppedEngine> {
  const directory = `${host.directory}/docker`;
  mkdirSync(directory);
  // Whoever is root in a user namespace has to get through.
  chmodSync(host.directory, 0o711);
  const socket = `unix://${directory}/sock`;
  writeDockerSettings(directory, host, {
    'storage-driver': options.storageDriver ?? 'overlay2',
    ...(options.remapped === undefined ? {} : { 'userns-remap': options.remapped }),
  });
  writeFileSync(`${directory}/subids`, `${options.remapped}:${FIRST_ID}:65536\n`);
  const withIds = ['unshare', '--mount', 'sh', '-euc', withSubordinateIds, `${directory}/subids`];
  const dockerd = ['dockerd', '--config-file', `${directory}/daemon.json`];
  const start = options.remapped === undefined ? dockerd : [...withIds, ...dockerd];
  const daemon = await startDaemon(start, `${directory}/log`, ['docker', '-H', socket, 'version']);
  return new Docker(directory, daemon, options.remapped === undefined ? '0' : FIRST_ID);
}

class Docker implements SteppedEngine {
  readonly name = 'docker';
  readonly #directory: string;
  readonly #daemon: AsyncDisposable;
  /** Who is root in containers. */
  readonly #root: string;

  constructor(directory: string, daemon: AsyncDisposable, root: string) {
    this.#directory = directory;
    this.#daemon = daemon;
    this.#root = root;
  }

  async load(images: Readonly<Record<ImageName, Image>>): Promise<void> {
    for (const [name, { dockerArchive }] of Object.entries(images)) {
      await this.must('load', '--quiet', '--input', dockerArchive);
      await this.must('tag', 'image:latest', name);
    }
  }

  async create(
    image: ImageName,
    options: readonly string[],
    command: readonly string[],
  ): Promise<string> {
    const quiet = ['--network=none', '--log-driver=none'];
    return await this.must('create', ...quiet, ...options, image, ...command);
  }

  /** Docker mounts a container's root for nobody but itself: it is mounted here in the same way. */
  async change(id: string, script: string): Promise<void> {
    const driver = await this.must('inspect', '--format', '{{.GraphDriver.Name}}', id);
    if (driver === 'vfs') return await this.#changeCopy(id, script);
    const format =
      '{{with .GraphDriver.Data}}{{.LowerDir}},upperdir={{.UpperDir}},workdir={{.WorkDir}}{{end}}';
    const layers = await this.must('inspect', '--format', format, id);
    const merged = `${this.#directory}/changed`;
    mkdirSync(merged, { recursive: true });
    await execa('mount', ['-t', 'overlay', 'overlay', '-o', `lowerdir=${layers}`, merged]);
    await this.#runIn(merged, script);
    await execa('umount', [merged]);
  }

  /** vfs has one directory for a container, whose name it keeps to itself: the newest one. */
  async #changeCopy(_id: string, script: string): Promise<void> {
    const root = await this.must('info', '--format', '{{.DockerRootDir}}');
    const copies = `${root}/vfs/dir`;
    const { stdout } = await execa('sh', ['-c', 'ls -td */ | grep -v -- -init/ | head -n 1'], {
      cwd: copies,
    });
    await this.#runIn(`${copies}/${stdout.trim()}`, script);
  }

  async #runIn(cwd: string, script: string): Promise<void> {
    const asRoot = [`--reuid=${this.#root}`, `--regid=${this.#root}`, '--clear-groups'];
    await execa('setpriv', [...asRoot, 'sh', '-euc', script], { cwd });
  }

  async start(id: string): Promise<Ended> {
    return await this.#command('start', '--attach', id);
  }

  async remove(id: string): Promise<void> {
    await this.must('rm', '--force', '--volumes', id);
  }

  async must(...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#command(...args);
    if (exitCode !== 0) throw new Error(`docker ${args.join(' ')}: ${stderr}`);
    return stdout.trim();
  }

  async #command(...args: readonly string[]): Promise<Ended> {
    return await run('docker', ['--host', `unix://${this.#directory}/sock`, ...args]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#daemon[Symbol.asyncDispose]();
    await removeDirectory(this.#directory);
  }
}
