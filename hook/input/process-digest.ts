import type { Sha256Text } from '#hook/log/measurement-event';
import type { Capabilities, Process, User } from '#hook/oci/spec.generated';
import { canonicalDigest } from './canonical-digest.ts';

/**
 * Digest of what is executed and with which powers. The value that is made canonical has exactly these members:
 *
 * - `args` (empty where there are none) and `cwd`
 * - `user`: `uid` and `gid` (0 where absent), `umask` if there is one, `additionalGids` (sorted, each once) and `username` if not empty
 * - `capabilities`: the sets that are not empty, each sorted and each capability once; absent where config.json has no capabilities
 * - `noNewPrivileges`: false where absent
 * - `apparmorProfile` and `selinuxLabel` if not empty
 *
 * So that an engine which leaves a default out and one which writes it give the same digest, as Go's omitempty makes them mean the same.
 */
export function processDigest(process: Process): Sha256Text {
  const { apparmorProfile, selinuxLabel, capabilities } = process;
  return canonicalDigest({
    args: process.args ?? [],
    cwd: process.cwd,
    user: canonicalUser(process.user ?? {}),
    ...(capabilities === undefined ? {} : { capabilities: canonicalCapabilities(capabilities) }),
    noNewPrivileges: process.noNewPrivileges ?? false,
    ...(apparmorProfile ? { apparmorProfile } : {}),
    ...(selinuxLabel ? { selinuxLabel } : {}),
  });
}

/** Digest of process.env in its order: with a name twice, the order decides. */
export function envDigest(process: Process): Sha256Text {
  return canonicalDigest(process.env ?? []);
}

function canonicalUser({ uid, gid, umask, additionalGids, username }: User): object {
  const gids = [...new Set(additionalGids)].toSorted((a, b) => a - b);
  return {
    uid: uid ?? 0,
    gid: gid ?? 0,
    ...(umask === undefined ? {} : { umask }),
    ...(gids.length === 0 ? {} : { additionalGids: gids }),
    ...(username ? { username } : {}),
  };
}

function canonicalCapabilities(capabilities: Capabilities): object {
  const { bounding, permitted, effective, inheritable, ambient } = capabilities;
  const sets = { bounding, permitted, effective, inheritable, ambient };
  return Object.fromEntries(
    Object.entries(sets)
      .filter(([, names]) => names !== undefined && names.length > 0)
      .map(([set, names]) => [set, [...new Set(names)].toSorted()]),
  );
}
