import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, mkdirSync, openSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Images } from './images.ts';

/** A process of the host that does not outlive the test, even one that is killed. */
export class Child {
  readonly #process: ChildProcess;
  readonly #ended: Promise<unknown>;

  /** What it says goes to the end of the file `log`. */
  constructor(log: string, command: string, args: readonly string[]) {
    const fd = openSync(log, 'a');
    this.#process = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      stdio: ['ignore', fd, fd],
    });
    closeSync(fd);
    this.#ended = once(this.#process, 'exit');
  }

  get isRunning(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null;
  }

  async ended(): Promise<void> {
    await this.#ended;
  }

  async kill(): Promise<void> {
    if (this.isRunning) this.#process.kill('SIGKILL');
    await this.#ended;
  }
}

/** A TPM for a machine. Its state is kept in `directory`/tpm and outlives it, as a chip's does. */
export async function startTpm(directory: string): Promise<Child> {
  const [state, socket] = [`${directory}/tpm`, `${directory}/tpm.socket`];
  mkdirSync(state, { recursive: true });
  const where = ['--tpmstate', `dir=${state}`, '--ctrl', `type=unixio,path=${socket}`];
  const tpm = new Child(`${directory}/log`, 'swtpm', ['socket', '--tpm2', ...where]);
  for (let tries = 0; !existsSync(socket); tries += 1) {
    if (!tpm.isRunning || tries > 1000) throw new Error('swtpm did not start listening');
    await sleep(5);
  }
  return tpm;
}

/**
 * /dev/kvm hangs where these tests run, so the processor is emulated. The kernel is an uncompressed vmlinux, started by its PVH entry:
 * 3 s sooner than a bzImage. QEMU 7.2 then puts the initial root where the firmware's ACPI tables are, once there is a TPM, and no TPM is
 * found: so it is loaded elsewhere, and the kernel is told where.
 */
export function startQemu(directory: string, images: Images, commandLine: string): Child {
  const initrdSize = statSync(images.initrd).size;
  const words = [
    'console=ttyS0 quiet panic=-1 rdinit=/init mitigations=off random.trust_cpu=on tsc=reliable',
    `initrdmem=${INITRD_ADDRESS},${initrdSize} memmap=${INITRD_ROOM}$${INITRD_ADDRESS}`,
    commandLine,
  ];
  const options = [
    ['-nodefaults', '-no-user-config', '-no-reboot'],
    ['-display', 'none'],
    ['-accel', 'tcg,thread=multi'],
    ['-cpu', 'max'],
    // With two, a kernel that changes its own code while the other processor runs it was seen to crash (QEMU 7.2).
    ['-smp', '1'],
    ['-m', '2048'],
    ['-kernel', images.kernel],
    ['-append', words.join(' ')],
    ['-device', `loader,force-raw=on,addr=${INITRD_ADDRESS},file=${images.initrd}`],
    ['-drive', `file=${directory}/root.qcow2,format=qcow2,if=virtio,cache=unsafe`],
    ['-drive', `file=${images.program},format=raw,if=virtio,readonly=on`],
    ['-chardev', `socket,id=tpm,path=${directory}/tpm.socket`],
    ['-tpmdev', 'emulator,id=tpm,chardev=tpm'],
    ['-device', 'tpm-tis,tpmdev=tpm'],
    ['-device', 'virtio-serial'],
    ['-chardev', `socket,id=agent,path=${directory}/agent.socket`],
    ['-device', 'virtserialport,chardev=agent,name=agent'],
    ['-chardev', `socket,id=wire,path=${directory}/wire.socket,server=on,wait=off`],
    ['-device', 'virtserialport,chardev=wire,name=wire'],
    ['-device', 'virtio-rng'],
    ['-serial', `file:${directory}/console`],
  ];
  return new Child(`${directory}/log`, 'qemu-system-x86_64', options.flat());
}

const INITRD_ADDRESS = '0x30000000';
const INITRD_ROOM = '16M';
