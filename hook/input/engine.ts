import type { ContainerState } from './state.ts';

/** Who asked the runtime for the container. */
export type Engine = 'containerd' | 'docker' | 'podman' | 'cri-o' | 'buildah';

// The latter is the containerd that dockerd starts itself where it finds none.
const containerdBundle =
  /^\/run\/(?:containerd|docker\/containerd\/daemon)\/io\.containerd\.runtime\.v2\.task\/([^/]+)\/([^/]+)$/;
const storageBundle = /\/[a-z0-9]+-containers\/([^/]+)\/userdata$/;
const buildahBundle = /\/(buildah\d+)$/;

/**
 * The engine, by where it puts bundles and how it names containers; what both podman and CRI-O have in common is told apart by their own
 * annotation, which others may set too. Undefined where nothing tells, as with runc alone.
 */
export function engineOf(
  state: Pick<ContainerState, 'id' | 'bundle' | 'annotations'>,
): Engine | undefined {
  const [, namespace, task] = containerdBundle.exec(state.bundle) ?? [];
  if (task === state.id) return namespace === 'moby' ? 'docker' : 'containerd';
  if (isBuildStep(state)) return 'buildah';
  const [, stored] = storageBundle.exec(state.bundle) ?? [];
  if (stored !== state.id && state.bundle !== '/') return undefined;
  const manager = state.annotations.get('io.container.manager');
  if (manager === 'libpod') return 'podman';
  return manager === 'cri-o' ? 'cri-o' : undefined;
}

/**
 * A RUN step of `buildah build` or `podman build`: the bundle is a fresh directory `buildah<digits>`, and the id is made of its name
 * (buildah's run_linux.go). Neither can be chosen by whoever asks for a container.
 */
export function isBuildStep({ id, bundle }: Pick<ContainerState, 'id' | 'bundle'>): boolean {
  const [, name] = buildahBundle.exec(bundle) ?? [];
  return name !== undefined && id === `buildah-${name}`;
}
