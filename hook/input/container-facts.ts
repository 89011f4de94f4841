import { HookError } from '#hook/errors';
import type {
  ContainerEvent,
  DeviceFact,
  HookFact,
  MountFact,
  NamespaceFact,
} from '#hook/log/measurement-event';
import type { Device, Hooks, Mount, Namespace } from '#hook/oci/spec.generated';
import type { Bundle } from './bundle.ts';
import { readContainerProcess } from './container-process.ts';
import { engineOf } from './engine.ts';
import { identify } from './identity.ts';
import { loaderVariables } from './loader-variables.ts';
import { envDigest, processDigest } from './process-digest.ts';
import type { ContainerState } from './state.ts';

/** The members of a `container` event that the state, config.json and /proc give. */
export type ContainerFacts = Omit<
  ContainerEvent,
  'type' | 'rootfs' | 'view' | 'writable' | 'pruned'
>;

/** @throws HookError `bundle`: config.json has no process; `state`: no such process */
export function describeContainer(state: ContainerState, { spec }: Bundle): ContainerFacts {
  const { process, linux = {} } = spec;
  // The specification lets `create` do without; runc and crun do not.
  if (process === undefined) throw new HookError('bundle', 'config.json has no process');
  const engine = engineOf(state);
  return {
    id: state.id,
    pid: state.pid,
    ...readContainerProcess(state.pid),
    process: processDigest(process),
    env: envDigest(process),
    loader: loaderVariables(process.env ?? []),
    mounts: (spec.mounts ?? []).map(mountFact),
    readonly: spec.root?.readonly ?? false,
    namespaces: (linux.namespaces ?? []).map(namespaceFact),
    devices: (linux.devices ?? []).map(deviceFact),
    seccomp: linux.seccomp !== undefined,
    hooks: hookFacts(spec.hooks ?? {}),
    ...(engine === undefined ? {} : { engine }),
    annotations: identify(state),
  };
}

function mountFact({ destination, type, source, options = [] }: Mount): MountFact {
  return {
    destination,
    ...(type === undefined ? {} : { type }),
    ...(source === undefined ? {} : { source }),
    options,
  };
}

function namespaceFact({ type, path }: Namespace): NamespaceFact {
  // Go's omitempty: an empty path is none.
  return path ? { type, path } : { type };
}

function deviceFact({ type, path, major, minor, fileMode, uid, gid }: Device): DeviceFact {
  return {
    type,
    path,
    ...(major === undefined ? {} : { major }),
    ...(minor === undefined ? {} : { minor }),
    ...(fileMode === undefined ? {} : { fileMode }),
    ...(uid === undefined ? {} : { uid }),
    ...(gid === undefined ? {} : { gid }),
  };
}

const stages = [
  'prestart',
  'createRuntime',
  'createContainer',
  'startContainer',
  'poststart',
  'poststop',
] as const;

/** Every hook of config.json, ours too, in the order in which they run. */
function hookFacts(hooks: Hooks): HookFact[] {
  return stages.flatMap((stage) => (hooks[stage] ?? []).map(({ path }) => ({ stage, path })));
}
