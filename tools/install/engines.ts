import type { EngineInstaller } from './engine-plan.ts';

/** Each loaded when it is asked for. */
const ENGINES: ReadonlyMap<string, () => Promise<EngineInstaller>> = new Map([
  ['podman', async () => (await import('./hooks-d/podman.ts')).podman],
  ['crio', async () => (await import('./hooks-d/crio.ts')).crio],
  ['containerd', async () => (await import('./containerd/containerd.ts')).containerd],
  ['docker', async () => (await import('./docker/docker.ts')).docker],
]);

export const KNOWN_ENGINES: readonly string[] = [...ENGINES.keys()];

export function findEngine(name: string): (() => Promise<EngineInstaller>) | undefined {
  return ENGINES.get(name);
}
