/** What dockerd says of itself, by its own interface (Docker Engine API), so that no client is needed. */
import { request } from 'node:http';
import { listAt, type Table, tableAt, textAt } from './member.ts';

export interface DockerInfo {
  readonly version: string;
  readonly defaultRuntime: string;
  readonly runtimes: readonly DockerRuntime[];
  /** For the whole engine: `userns`, `rootless`… */
  readonly security: readonly string[];
}

export interface DockerRuntime {
  readonly name: string;
  /** The program; empty where a shim is named instead. */
  readonly path: string;
  readonly args: readonly string[];
  /** `io.containerd.runc.v2`; empty for a program. */
  readonly type: string;
  /** `options.BinaryName` of a shim that has one. */
  readonly binary: string;
}

const TIME_LIMIT_MS = 5000;
const MAX_BYTES = 4 * 1024 * 1024;

/** @throws Error: nobody answers there, or not as expected */
export async function askDocker(socket: string): Promise<DockerInfo> {
  const info: unknown = JSON.parse(await getFromDocker(socket, '/info'));
  const runtimes = Object.entries(tableAt(info, ['Runtimes']) ?? {});
  if (textAt(info, ['ServerVersion']) === '') throw new Error('no ServerVersion in the answer');
  return {
    version: textAt(info, ['ServerVersion']),
    defaultRuntime: textAt(info, ['DefaultRuntime']) || 'runc',
    runtimes: runtimes.map(([name, runtime]) => runtimeOf(name, runtime)),
    security: listAt(info, ['SecurityOptions']),
  };
}

/** Of an answer and of daemon.json. */
export function runtimeOf(name: string, runtime: unknown): DockerRuntime {
  const options: Table | undefined = tableAt(runtime, ['options']);
  return {
    name,
    path: textAt(runtime, ['path']),
    args: listAt(runtime, ['runtimeArgs']),
    type: textAt(runtime, ['runtimeType']),
    binary: textAt(options, ['BinaryName']),
  };
}

/** @throws Error: nobody answers there in time, or with anything but 200 */
export async function getFromDocker(socketPath: string, path: string): Promise<string> {
  const signal = AbortSignal.timeout(TIME_LIMIT_MS);
  return await new Promise((resolve, reject) => {
    const call = request({ socketPath, path, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > MAX_BYTES) call.destroy(new Error(`more than ${MAX_BYTES} bytes`));
        else chunks.push(chunk);
      });
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        if (response.statusCode === 200) resolve(text);
        else reject(new Error(`status ${response.statusCode}: ${text.slice(0, 200)}`));
      });
    });
    call.on('error', reject);
    call.end();
  });
}
