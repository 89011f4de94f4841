import { setTimeout as sleep } from 'node:timers/promises';
import type { CriClient, Message } from './cri-client.ts';

export interface ContainerOptions {
  readonly name: string;
  /** Of an image that the runtime has. */
  readonly image: string;
  readonly command: readonly string[];
  /** Fields of ContainerConfig. */
  readonly config?: Message;
  /** Fields of LinuxContainerSecurityContext. */
  readonly security?: Message;
}

export interface PodOptions {
  /** The name of a RuntimeClass's handler; the default one where nothing is said. */
  readonly handler?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** A pod in the host's network, as a kubelet makes it: one sandbox, and containers in it. */
export class Pod implements AsyncDisposable {
  readonly id: string;
  readonly #cri: CriClient;
  readonly #config: Message;

  private constructor(cri: CriClient, config: Message, id: string) {
    this.#cri = cri;
    this.#config = config;
    this.id = id;
  }

  /** Calls RunPodSandbox. */
  static async run(cri: CriClient, name: string, options: PodOptions = {}): Promise<Pod> {
    const config = {
      metadata: { name, uid: `${name}-uid`, namespace: 'default', attempt: 0 },
      annotations: options.annotations ?? {},
      linux: { security_context: { namespace_options: HOST_NETWORK } },
    };
    const request = { config, runtime_handler: options.handler ?? '' };
    const { pod_sandbox_id: id } = await cri.call('RunPodSandbox', request);
    return new Pod(cri, config, String(id));
  }

  /**
   * Calls CreateContainer and StartContainer.
   *
   * @returns its id
   */
  async start({ name, image, command, config, security }: ContainerOptions): Promise<string> {
    const { container_id: id } = await this.#cri.call('CreateContainer', {
      pod_sandbox_id: this.id,
      config: {
        metadata: { name, attempt: 0 },
        image: { image },
        command,
        linux: { security_context: { namespace_options: HOST_NETWORK, ...security } },
        ...config,
      },
      sandbox_config: this.#config,
    });
    await this.#cri.call('StartContainer', { container_id: id });
    return String(id);
  }

  /** Waits for the end of a container. @returns its exit code */
  async ended(container: string): Promise<number> {
    for (;;) {
      const answer = await this.#cri.call('ContainerStatus', { container_id: container });
      const { state, exit_code: exitCode } = answer['status'] as Message;
      if (state === 'CONTAINER_EXITED') return Number(exitCode);
      await sleep(50);
    }
  }

  /** Calls StopPodSandbox and RemovePodSandbox, which end the containers in it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#cri.call('StopPodSandbox', { pod_sandbox_id: this.id });
    await this.#cri.call('RemovePodSandbox', { pod_sandbox_id: this.id });
  }
}

/** Such a pod needs no CNI. The other namespaces are those that a kubelet asks for by default. */
const HOST_NETWORK: Message = { network: 'NODE', pid: 'CONTAINER', ipc: 'POD' };
