/** What a containerd runs with, whatever was written to its configuration since: asked of its CRI. */
import type { ContainerdConfig, RuntimeHandler } from './containerd-config.ts';
import { askCri } from './cri-status.ts';
import { type Finding, problem } from './finding.ts';
import { tableAt, textAt } from './member.ts';

export interface InForce {
  readonly defaultHandler: string;
  readonly handlers: readonly RuntimeHandler[];
}

/** @returns why it cannot be told, else */
export async function askContainerd(socket: string): Promise<InForce | string> {
  try {
    const info = await askCri(socket);
    const config: unknown = JSON.parse(info.get('config') ?? '{}');
    const runtimes = tableAt(config, ['containerd', 'runtimes']);
    if (runtimes === undefined) return 'its CRI does not tell';
    return {
      defaultHandler: textAt(config, ['containerd', 'defaultRuntimeName']) || 'runc',
      handlers: Object.entries(runtimes).map(([name, runtime]) => ({
        name,
        type: textAt(runtime, ['runtimeType']),
        baseSpec: textAt(runtime, ['baseRuntimeSpec']),
        binary: textAt(runtime, ['options', 'BinaryName']),
      })),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

const NO_BASE_SPEC = 'none';

/** What the next start would change of how containers get the hook. */
export function checkInForce(inForce: InForce, onDisk: ContainerdConfig): readonly Finding[] {
  const differences = [
    ...(inForce.defaultHandler === onDisk.defaultHandler
      ? []
      : [told('the default runtime handler', inForce.defaultHandler, onDisk.defaultHandler)]),
    ...onDisk.handlers.flatMap(({ name, baseSpec }) => {
      const running = inForce.handlers.find((handler) => handler.name === name);
      if (running?.baseSpec === baseSpec) return [];
      const now = running === undefined ? 'no such handler' : running.baseSpec || NO_BASE_SPEC;
      return [told(`base_runtime_spec of ${name}`, now, baseSpec || NO_BASE_SPEC)];
    }),
  ];
  const expected = 'a containerd that runs with the configuration on disk';
  return differences.map((difference) =>
    problem('restart', difference, expected, 'systemctl restart containerd.service'),
  );
}

function told(what: string, running: string, onDisk: string): string {
  return `${what}: ${running} in the containerd that runs, ${onDisk} on disk`;
}
