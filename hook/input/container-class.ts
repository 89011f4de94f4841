import type { Bundle } from './bundle.ts';
import { isBuildStep } from './engine.ts';
import type { ContainerState } from './state.ts';
import { isHostUserNamespace, readUserNamespace, type UserNamespace } from './user-namespace.ts';

/**
 * What kind of container it is, told by facts alone that whoever asks for one cannot set:
 *
 * - `rootless`: the hook itself runs in a user namespace of an ordinary user
 * - `build`: a RUN step of an image build
 * - `sandbox`: a pod's own container (pause)
 * - `container`: any other
 */
export type ContainerClass = 'container' | 'sandbox' | 'rootless' | 'build';

/** @throws HookError `state`: /proc cannot be read */
export function classify(state: ContainerState, _bundle?: Bundle): ContainerClass {
  return classOf(state, readUserNamespace());
}

/** @param ofHook the user namespace that the hook runs in: the engine's, never the container's */
export function classOf(
  state: Pick<ContainerState, 'id' | 'bundle' | 'annotations'>,
  ofHook: UserNamespace,
): ContainerClass {
  if (!isHostUserNamespace(ofHook)) return 'rootless';
  if (isBuildStep(state)) return 'build';
  return isSandbox(state) ? 'sandbox' : 'container';
}

const sandboxAnnotations = [
  { type: 'io.kubernetes.cri.container-type', sandbox: 'io.kubernetes.cri.sandbox-id' },
  { type: 'io.kubernetes.cri-o.ContainerType', sandbox: 'io.kubernetes.cri-o.SandboxID' },
];

/**
 * Annotations may be a tenant's, but not one that holds the container's own id: engines draw that at random after the pod was written.
 */
function isSandbox({ id, annotations }: Pick<ContainerState, 'id' | 'annotations'>): boolean {
  return sandboxAnnotations.some(
    ({ type, sandbox }) => annotations.get(type) === 'sandbox' && annotations.get(sandbox) === id,
  );
}
