import { parse } from 'smol-toml';
import type { NriConfig } from './containerd-config.ts';
import { booleanAt, listAt, numberAt, tableAt, textAt } from './member.ts';

/** What CRI-O says of its configuration, as far as it concerns us. Undefined members: its defaults. */
export interface CrioConfig {
  readonly hooksDirectories: readonly string[] | undefined;
  readonly handlers: readonly CrioHandler[];
  /** Seconds. */
  readonly createTimeout: number | undefined;
  readonly nri: NriConfig;
}

export interface CrioHandler {
  readonly name: string;
  /** Empty: the program of that name. */
  readonly path: string;
  /** Empty or `oci`: an OCI runtime; `vm`: one with virtual machines; `pod` */
  readonly type: string;
}

/**
 * `crio status config` prints every member; `crio config` prints those that are at their defaults as comments, which are left out here
 * (crio.conf(5)).
 *
 * @throws Error for what is no TOML
 */
export function readCrioConfig(text: string): CrioConfig {
  const root = parse(text, { integersAsBigInt: true });
  const runtime = tableAt(root, ['crio', 'runtime']);
  const nri = tableAt(root, ['crio', 'nri']);
  const directories = listAt(runtime, ['hooks_dir']);
  const validator = tableAt(nri, ['default_validator']);
  const validates = booleanAt(validator, ['nri_enable_default_validator']);
  return {
    hooksDirectories: directories.length === 0 ? undefined : directories,
    handlers: Object.entries(tableAt(runtime, ['runtimes']) ?? {}).map(([name, handler]) => ({
      name,
      path: textAt(handler, ['runtime_path']),
      type: textAt(handler, ['runtime_type']),
    })),
    createTimeout: numberAt(runtime, ['container_create_timeout']),
    nri: {
      isEnabled: nri?.['enable_nri'] !== false,
      rejectsHooks: validates && booleanAt(validator, ['nri_validator_reject_oci_hook_adjustment']),
      requiredPlugins: validates ? listAt(validator, ['nri_validator_required_plugins']) : [],
    },
  };
}
