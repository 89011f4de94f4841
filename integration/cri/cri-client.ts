import { fileURLToPath } from 'node:url';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';

/** A message: its fields by the names that cri.proto has, unset ones with their defaults in what is received. */
export type Message = Readonly<Record<string, unknown>>;

const RPC_SECONDS = 120;
const definition = loadSync(fileURLToPath(new URL('cri.proto', import.meta.url)), {
  keepCase: true,
  longs: Number,
  enums: String,
  defaults: true,
});
const service = definition['runtime.v1.RuntimeService'] as Readonly<Record<string, Rpc>>;

interface Rpc {
  readonly path: string;
  readonly requestSerialize: (message: Message) => Buffer;
  readonly responseDeserialize: (bytes: Buffer) => Message;
}

/** Says to a container runtime what a kubelet says to it. */
export class CriClient implements Disposable {
  readonly #client: Client;

  /** @param socket the path of the runtime's socket */
  constructor(socket: string) {
    this.#client = new Client(`unix:${socket}`, credentials.createInsecure());
  }

  /** @throws ServiceError, as the runtime answers or when there is no answer for 2 min (a kubelet's patience) */
  async call(name: string, request: Message = {}): Promise<Message> {
    const rpc = service[name];
    if (rpc === undefined) throw new Error(`cri.proto has no rpc ${name}`);
    const { promise, resolve, reject } = Promise.withResolvers<Message>();
    const deadline = new Date(Date.now() + RPC_SECONDS * 1000);
    const answered = (error: ServiceError | null, answer?: Message): void => {
      if (error === null) resolve(answer ?? {});
      else reject(error);
    };
    const { path, requestSerialize, responseDeserialize } = rpc;
    const options = { deadline };
    this.#client.makeUnaryRequest(
      path,
      requestSerialize,
      responseDeserialize,
      request,
      options,
      answered,
    );
    return await promise;
  }

  [Symbol.dispose](): void {
    this.#client.close();
  }
}
