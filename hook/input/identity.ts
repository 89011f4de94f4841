import type { IdentifyingAnnotations } from '#hook/log/measurement-event';
import { type Engine, engineOf } from './engine.ts';
import type { ContainerState } from './state.ts';

type Names = { readonly [member in keyof IdentifyingAnnotations]-?: readonly string[] };

// containerd: internal/cri/annotations; nerdctl: pkg/labels, which it copies to annotations.
const containerdNames: Names = {
  image: ['io.kubernetes.cri.image-name'],
  pod: ['io.kubernetes.cri.sandbox-name'],
  namespace: ['io.kubernetes.cri.sandbox-namespace'],
  container: ['io.kubernetes.cri.container-name', 'nerdctl/name'],
};

// CRI-O: internal/annotations, and the kubelet's labels, which it copies. `Image` is mostly an image id: the kubelet asks by id.
const crioNames: Names = {
  image: ['io.kubernetes.cri-o.ImageName', 'io.kubernetes.cri-o.Image'],
  pod: ['io.kubernetes.cri-o.KubeName', 'io.kubernetes.pod.name'],
  namespace: ['io.kubernetes.cri-o.Namespace', 'io.kubernetes.pod.namespace'],
  container: ['io.kubernetes.container.name', 'io.kubernetes.cri-o.ContainerName'],
};

/** Both, for who is told by nothing else. */
const anyNames: Names = {
  image: [...containerdNames.image, ...crioNames.image],
  pod: [...containerdNames.pod, ...crioNames.pod],
  namespace: [...containerdNames.namespace, ...crioNames.namespace],
  container: [...containerdNames.container, ...crioNames.container],
};

/**
 * The annotations that say which container it is, and no other: the rest may hold secrets. An engine's own names alone are
 * read where the engine is known, so that a tenant's annotation cannot take the place of another engine's.
 */
export function identify(
  state: Pick<ContainerState, 'id' | 'bundle' | 'annotations'>,
): IdentifyingAnnotations {
  const names = namesFor(engineOf(state));
  const find = (member: keyof IdentifyingAnnotations) =>
    names[member].map((name) => state.annotations.get(name)).find((value) => value);
  const [image, pod, namespace, container] = [
    find('image'),
    find('pod'),
    find('namespace'),
    find('container'),
  ];
  return {
    ...(image === undefined ? {} : { image }),
    ...(pod === undefined ? {} : { pod }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(container === undefined ? {} : { container }),
  };
}

function namesFor(engine: Engine | undefined): Names {
  if (engine === 'containerd') return containerdNames;
  return engine === 'cri-o' ? crioNames : anyNames;
}
