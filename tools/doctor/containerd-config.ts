import { parse } from 'smol-toml';
import { booleanAt, listAt, type Table, tableAt, textAt } from './member.ts';

/** What `containerd config dump` says, of any version of the format, as far as it concerns us. */
export interface ContainerdConfig {
  /** The files that were read besides the one it was asked for. */
  readonly imports: readonly string[];
  readonly hasCri: boolean;
  /** Where it listens. */
  readonly socket: string;
  readonly defaultHandler: string;
  readonly handlers: readonly RuntimeHandler[];
  /** Undefined: a containerd without NRI. */
  readonly nri: NriConfig | undefined;
}

export interface RuntimeHandler {
  readonly name: string;
  /** `io.containerd.runc.v2` */
  readonly type: string;
  /** Empty: none. */
  readonly baseSpec: string;
  /** Empty: runc. */
  readonly binary: string;
}

export interface NriConfig {
  readonly isEnabled: boolean;
  readonly rejectsHooks: boolean;
  readonly requiredPlugins: readonly string[];
}

/** Version 2 has all of the CRI in one plugin; version 3 and 4 have what concerns runtimes in one of its own. */
const CRI_PLUGINS = ['io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri'];

/** @throws Error for what is no TOML */
export function readContainerdConfig(dump: string): ContainerdConfig {
  const root = parse(dump, { integersAsBigInt: true });
  const disabled = listAt(root, ['disabled_plugins']);
  const plugins = CRI_PLUGINS.map((name) => tableAt(root, ['plugins', name]));
  const cri = plugins.find((plugin) => plugin !== undefined);
  return {
    imports: listAt(root, ['imports']),
    hasCri: cri !== undefined && !['cri', ...CRI_PLUGINS].some((name) => disabled.includes(name)),
    socket: textAt(root, ['grpc', 'address']) || '/run/containerd/containerd.sock',
    defaultHandler: textAt(cri, ['containerd', 'default_runtime_name']) || 'runc',
    handlers: Object.entries(tableAt(cri, ['containerd', 'runtimes']) ?? {}).map(handlerOf),
    nri: nriOf(tableAt(root, ['plugins', 'io.containerd.nri.v1.nri'])),
  };
}

function handlerOf([name, runtime]: readonly [string, unknown]): RuntimeHandler {
  return {
    name,
    type: textAt(runtime, ['runtime_type']),
    baseSpec: textAt(runtime, ['base_runtime_spec']),
    binary: textAt(runtime, ['options', 'BinaryName']),
  };
}

function nriOf(nri: Table | undefined): NriConfig | undefined {
  if (nri === undefined) return undefined;
  const validates = booleanAt(nri, ['default_validator', 'enable']);
  return {
    isEnabled: !booleanAt(nri, ['disable']),
    rejectsHooks: validates && booleanAt(nri, ['default_validator', 'reject_oci_hook_adjustment']),
    requiredPlugins: validates ? listAt(nri, ['default_validator', 'required_plugins']) : [],
  };
}
