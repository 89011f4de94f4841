import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type Swtpm, startSwtpm } from '#hook/log/swtpm.fixture';
import { startDaemon } from '#integration/engines/daemon';
import { Host } from '#integration/host';
import { program, workDirectory } from '#integration/program';
import { type Ended, run } from '#integration/runtime';

/** Of which the host has its own, with what is there below it. */
const CHANGED = ['etc', 'usr'];
/** Of which the host has its own, empty at first. */
const OWN = ['run', 'var/lib/containerd', 'var/lib/containers', 'var/lib/docker'];

/**
 * This machine as it is, in a mount namespace in which its settings, its programs and the engines' stores can be changed: the changes are
 * seen in there alone, and are gone with it. Everything is where it is on a machine, the program's own configuration and state too.
 */
export class PrivateHost extends Host {
  readonly #process: ChildProcess;

  constructor(directory: string, tpm: Swtpm, inside: ChildProcess) {
    super(directory, tpm);
    this.#process = inside;
  }

  override get config(): string {
    return this.at('/etc/oci-measure/config.toml');
  }

  override get state(): string {
    return this.at('/run/oci-measure');
  }

  /** Where a path in there is for who is not. */
  at(path: string): string {
    return `/proc/${this.#process.pid}/root${path}`;
  }

  /** Runs a program in there, to its end. */
  async inside(file: string, ...args: readonly string[]): Promise<Ended> {
    return await run('nsenter', [...this.#enter, file, ...args]);
  }

  /** Runs a program in there that must exit with 0. @returns what it printed */
  async succeed(file: string, ...args: readonly string[]): Promise<string> {
    const { exitCode, stdout, stderr } = await this.inside(file, ...args);
    if (exitCode === 0) return stdout;
    throw new Error(`exit code ${exitCode} of ${file} ${args.join(' ')}:\n${stdout}${stderr}`);
  }

  /** Runs our program in there. */
  override async oci(...args: readonly string[]): Promise<Ended> {
    return await this.inside(program, ...args);
  }

  /** Writes a file in there, and its directories. */
  write(path: string, text: string): void {
    mkdirSync(this.at(path.slice(0, path.lastIndexOf('/'))), { recursive: true });
    writeFileSync(this.at(path), text);
  }

  /** As {@link startDaemon}, in there. */
  async startDaemon(
    command: readonly string[],
    isThere: readonly string[],
  ): Promise<AsyncDisposable> {
    const enter = ['nsenter', ...this.#enter];
    const log = `${this.directory}/${command[0]}.log`;
    return await startDaemon([...enter, ...command], log, [...enter, ...isThere]);
  }

  get #enter(): string[] {
    return ['--target', String(this.#process.pid), '--mount', '--'];
  }

  override async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.kill('SIGKILL')) await once(this.#process, 'exit');
    await this.tpm[Symbol.asyncDispose]();
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Its program measures without IMA, into a software TPM. */
export async function startPrivateHost(): Promise<PrivateHost> {
  mkdirSync(workDirectory, { recursive: true });
  const directory = mkdtempSync(`${workDirectory}/private-`);
  const unshare = [
    'unshare',
    '--mount',
    '--propagation',
    'private',
    'sh',
    '-ec',
    script(directory),
  ];
  const inside = spawn('setpriv', ['--pdeathsig', 'KILL', ...unshare], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [answer] = await Promise.race([once(inside.stdout, 'data'), once(inside, 'exit')]);
  if (String(answer) !== 'ready\n') throw new Error('no mount namespace with a /etc of its own');
  const host = new PrivateHost(directory, await startSwtpm(), inside);
  const tcti = `tcti = ${JSON.stringify(host.tpm.tcti)}`;
  host.write('/etc/oci-measure/config.toml', `[tpm]\n${tcti}\n[ima]\nmode = "off"\n`);
  return host;
}

const script = (directory: string): string => `
  ${CHANGED.map((name) => overlay(`${directory}/${name}`, name)).join('\n')}
  ${OWN.map((name) => bind(`${directory}/${name}`, name)).join('\n')}
  echo ready
  exec sleep infinity`;

const overlay = (directory: string, name: string): string => `
  mkdir -p ${directory}/upper ${directory}/work
  mount -t overlay -o lowerdir=/${name},upperdir=${directory}/upper,workdir=${directory}/work overlay /${name}`;

const bind = (directory: string, name: string): string => `
  mkdir -p ${directory} /${name}
  mount --bind ${directory} /${name}`;
