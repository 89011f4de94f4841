import { rmSync } from 'node:fs';
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { execa } from 'execa';
import { makeTestDirectory } from '#hook/log/swtpm.fixture';
import { Agent } from './agent.ts';
import { type Images, type KernelName, prepareImages } from './images.ts';
import { type Child, startQemu, startTpm } from './qemu.ts';

export interface MachineOptions {
  /** Debian's stock kernel of that release: 6.1 or 6.12. */
  readonly kernel: KernelName;
  /** The release that the programs are of; bookworm where nothing is said. That of bookworm has modules for either kernel. */
  readonly userland?: KernelName;
  /** Added to the kernel's command line: `ima_policy=tcb`. With `guest=systemd`, trixie's userland is started by systemd, which takes ten seconds more. */
  readonly commandLine?: string;
  /** For the start, and for each script; 120 where nothing is said. */
  readonly timeoutSeconds?: number;
}

export interface Result {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A whole computer with a stock Debian kernel and a TPM of its own, emulated: it starts in about five seconds, and a process in it takes
 * ten to twenty times as long as here. The program is /opt/oci-measure; /srv/busybox is a small image's tree, /srv/busybox.tar the image,
 * /srv/pause.tar one for sandboxes.
 */
export class Machine implements AsyncDisposable {
  readonly #directory: string;
  readonly #images: Images;
  readonly #timeoutSeconds: number;
  #qemu: Child | undefined;
  #tpm: Child | undefined;
  #agent: Agent | undefined;

  constructor(directory: string, images: Images, timeoutSeconds: number) {
    this.#directory = directory;
    this.#images = images;
    this.#timeoutSeconds = timeoutSeconds;
  }

  async powerOn(commandLine: string): Promise<void> {
    this.#tpm = await startTpm(this.#directory);
    this.#agent = await Agent.listen(`${this.#directory}/agent.socket`);
    this.#qemu = startQemu(this.#directory, this.#images, commandLine);
    await this.#inTime('the start', this.#agent.ready());
  }

  /** Runs a shell script (dash) as root, in /root, with empty stdin, to its end, whatever that is. */
  async run(script: string, timeoutSeconds?: number): Promise<Result> {
    const answer = this.#inTime(script, this.#running.run(script), timeoutSeconds);
    const { exitCode, stdout, stderr } = await answer;
    return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
  }

  /** Runs a script that must exit with 0, and returns what it printed. */
  async sh(script: string): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(`set -e\n${script}`);
    if (exitCode !== 0) throw new Error(`exit code ${exitCode} of:\n${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** Writes a file, whose directory must be there. */
  async copyIn(path: string, content: string | Uint8Array): Promise<void> {
    const put = this.#running.put(path, Buffer.from(content));
    const { exitCode, stderr } = await this.#inTime(`write ${path}`, put);
    if (exitCode !== 0) throw new Error(stderr.toString());
  }

  async copyOut(path: string): Promise<Buffer> {
    const script = `cat -- '${path.replaceAll("'", "'\\''")}'`;
    const { exitCode, stdout, stderr } = await this.#inTime(script, this.#running.run(script));
    if (exitCode !== 0) throw new Error(stderr.toString());
    return stdout;
  }

  /** The TPM dies under the running kernel. There is none until the next `reboot`. */
  async killTpm(): Promise<void> {
    await this.#tpm?.kill();
  }

  /** Off and on: the disk and the TPM's state stay. */
  async reboot(commandLine = ''): Promise<void> {
    this.#agent?.end('sync; exec busybox poweroff -f');
    await this.#inTime('power off', this.#qemu?.ended() ?? Promise.resolve());
    await this.#powerOff();
    await this.powerOn(commandLine);
  }

  /** A socket of the host's; what is said to it comes out of the guest's serial port `wire`. One connection at a time. */
  get wire(): string {
    return `${this.#directory}/wire.socket`;
  }

  /** What QEMU and the TPM had to say, and what the kernel printed on its console. */
  async console(): Promise<string> {
    const files = ['log', 'console'].map((name) => `${this.#directory}/${name}`);
    const texts = files.map((file) => readFile(file, 'latin1').catch(() => ''));
    return (await Promise.all(texts)).join('');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#powerOff();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #running(): Agent {
    if (this.#agent === undefined) throw new Error('the machine is off');
    return this.#agent;
  }

  async #powerOff(): Promise<void> {
    await this.#qemu?.kill();
    await this.#tpm?.kill();
    this.#agent?.[Symbol.dispose]();
    for (const socket of ['tpm', 'agent', 'wire']) {
      rmSync(`${this.#directory}/${socket}.socket`, { force: true });
    }
  }

  /** A machine that does not answer is turned off: nothing more can be said to it. */
  async #inTime<T>(what: string, answer: Promise<T>, seconds = this.#timeoutSeconds): Promise<T> {
    const timer = new AbortController();
    const late = sleep(seconds * 1000, undefined, { signal: timer.signal }).then(() => {
      throw new Error(`no answer within ${seconds} s`);
    });
    try {
      return await Promise.race([answer, late]);
    } catch (cause) {
      await this.#powerOff();
      const tail = (await this.console()).slice(-2000);
      throw new Error(`the machine failed at: ${what}\n${tail}`, { cause });
    } finally {
      late.catch(() => {});
      timer.abort();
    }
  }
}

/** Starts a machine with a fresh disk and a fresh TPM. Many tests can share one. */
export async function bootMachine(options: MachineOptions): Promise<Machine> {
  const images = await prepareImages(options.kernel, options.userland ?? 'bookworm');
  const directory = await makeTestDirectory('vm');
  const machine = new Machine(directory, images, options.timeoutSeconds ?? 120);
  try {
    const overlay = ['-b', images.root, '-F', 'raw', `${directory}/root.qcow2`];
    await execa('qemu-img', ['create', '-q', '-f', 'qcow2', ...overlay]);
    await machine.powerOn(options.commandLine ?? '');
    return machine;
  } catch (thrown) {
    await machine[Symbol.asyncDispose]();
    throw thrown;
  }
}
