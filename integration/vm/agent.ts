import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';

export interface Answer {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** The host's end of a virtual serial port: guest/agent.sh is at the other. One request at a time. */
export class Agent implements Disposable {
  readonly #server: Server;
  #socket: Socket | undefined;
  #chunks: AsyncIterator<Buffer> | undefined;
  #unread: Buffer = Buffer.alloc(0);

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Listens for the machine, which connects while it starts. */
  static async listen(path: string): Promise<Agent> {
    const server = createServer().listen(path);
    await once(server, 'listening');
    return new Agent(server);
  }

  /** Waits until the guest is up. */
  async ready(): Promise<void> {
    const [socket] = (await once(this.#server, 'connection')) as [Socket];
    socket.on('error', () => {});
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
    const line = await this.#readLine();
    if (line !== 'ready') throw new Error(`expected ready from the guest, found ${line}`);
  }

  async run(script: string): Promise<Answer> {
    const bytes = Buffer.from(script);
    return await this.#request(`run ${bytes.length}`, bytes);
  }

  async put(path: string, content: Uint8Array): Promise<Answer> {
    if (/^\s|[\\\n]/.test(path)) throw new Error(`no path for the guest: ${JSON.stringify(path)}`);
    return await this.#request(`put ${content.length} ${path}`, content);
  }

  /** Sends a script that ends the guest, so that no answer comes. */
  end(script: string): void {
    this.#socket?.write(`run ${Buffer.byteLength(script)}\n${script}`);
  }

  async #request(line: string, content: Uint8Array): Promise<Answer> {
    this.#socket?.write(`${line}\n`);
    this.#socket?.write(content);
    const answer = await this.#readLine();
    const [exitCode = 0, stdout = 0, stderr = 0] = answer.split(' ').map(Number);
    return { exitCode, stdout: await this.#read(stdout), stderr: await this.#read(stderr) };
  }

  async #readLine(): Promise<string> {
    let end = this.#unread.indexOf(10);
    while (end < 0) {
      await this.#receive();
      end = this.#unread.indexOf(10);
    }
    return (await this.#read(end + 1)).toString('latin1').trimEnd();
  }

  async #read(length: number): Promise<Buffer> {
    const parts = [this.#unread];
    let had = this.#unread.length;
    while (had < length) {
      this.#unread = Buffer.alloc(0);
      await this.#receive();
      parts.push(this.#unread);
      had += this.#unread.length;
    }
    const all = Buffer.concat(parts);
    this.#unread = all.subarray(length);
    return all.subarray(0, length);
  }

  async #receive(): Promise<void> {
    const next = await this.#chunks?.next();
    if (next === undefined || next.done === true) throw new Error('the machine hung up');
    this.#unread = Buffer.concat([this.#unread, next.value]);
  }

  [Symbol.dispose](): void {
    this.#socket?.destroy();
    this.#server.close();
  }
}
