import { join } from 'node:path';
import { parseStrictJson } from '#digest/json/strict-json';
import { quoted } from '#digest/quoted';
import { HookError } from '#hook/errors';
import { configMembers } from '#hook/oci/members.generated';
import type { Spec } from '#hook/oci/spec.generated';
import { checkSpec } from '#hook/oci/validate';
import { resolveRootfs } from './rootfs-path.ts';
import type { ContainerState } from './state.ts';
import { readTrustedFile } from './trusted-file.ts';

/** A container's bundle: its config.json and where its root filesystem is. */
export interface Bundle {
  readonly configPath: string;
  /** The parts of config.json that are used, validated. */
  readonly spec: Spec;
  /** Absolute and canonical, as /proc/self/mountinfo names it. No symbolic link. */
  readonly rootfs: string;
}

const maxBytes = 16 * 1024 * 1024;
/** Engines make some dozens. Each is told in the record, and a verifier has to look at it. */
const maxMounts = 4096;

/**
 * Reads config.json and finds the root filesystem.
 *
 * @throws HookError `bundle`
 */
export function loadBundle(state: ContainerState): Bundle {
  const { configPath, bytes } = readConfig(state);
  const spec = parseSpec(bytes, configPath);
  return { configPath, spec, rootfs: findRootfs(state, spec) };
}

/**
 * config.json as far as it is used.
 *
 * @param label names the file in messages
 * @throws HookError `bundle`
 */
export function parseSpec(bytes: Uint8Array, label: string): Spec {
  const topic = {
    what: quoted(label),
    members: configMembers,
    failure: (message: string, options?: ErrorOptions) => new HookError('bundle', message, options),
  };
  const spec = checkSpec(parseStrictJson(bytes, topic));
  const mounts = spec.mounts?.length ?? 0;
  if (mounts <= maxMounts) return spec;
  throw new HookError(
    'bundle',
    `expected at most ${maxMounts} mounts in ${topic.what}, found ${mounts}`,
  );
}

function readConfig(state: ContainerState): { configPath: string; bytes: Uint8Array } {
  const places = configPlaces(state);
  for (const configPath of places) {
    const bytes = readTrustedFile({ path: configPath, maxBytes, code: 'bundle' });
    if (bytes !== undefined) return { configPath, bytes };
  }
  const where = places.map((place) => quoted(place)).join(' or ');
  throw new HookError('bundle', `no config.json: expected ${where}`);
}

/**
 * crun copies config.json below /run/crun before it runs hooks, and its bundle is `/` where a user namespace keeps it from the real one.
 * The copy counts for crun's states alone (they have `root`): another runtime's container may have the same id.
 */
function configPlaces(state: ContainerState): string[] {
  const copy = join('/run/crun', state.id, 'config.json');
  const own = join(state.bundle, 'config.json');
  if (state.root === undefined) return [own];
  return join(state.bundle, '/') === '/' ? [copy] : [own, copy];
}

function findRootfs(state: ContainerState, spec: Spec): string {
  if (spec.root === undefined) throw new HookError('bundle', 'config.json has no root');
  if (state.root === undefined) return resolveRootfs(state.bundle, spec.root.path);
  const rootfs = resolveRootfs(state.bundle, state.root);
  if (spec.root.path === state.root || resolveRootfs(state.bundle, spec.root.path) === rootfs) {
    return rootfs;
  }
  throw new HookError(
    'bundle',
    `the state's root ${quoted(state.root)} is not config.json's ${quoted(spec.root.path)}`,
  );
}
