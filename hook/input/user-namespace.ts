import { readFileSync, readlinkSync } from 'node:fs';
import { HookError } from '#hook/errors';

/** What the kernel says about the user namespace that a process is in. */
export interface UserNamespace {
  /** /proc/PID/uid_map. */
  readonly uidMap: string;
  /** What /proc/PID/ns/user links to: `user:[4026531837]`. */
  readonly link: string;
}

// PROC_USER_INIT_INO in the kernel's include/linux/proc_ns.h, 0xEFFFFFFD.
const hostLink = 'user:[4026531837]';
const hostUidMap = /^\s*0\s+0\s+4294967295\s*$/;

/**
 * Whether this is the host's own user namespace. The map alone does not say: systemd 260 makes namespaces whose map is the whole identity.
 * The inode alone would do, and the map costs nothing.
 */
export function isHostUserNamespace(namespace: UserNamespace): boolean {
  return namespace.link === hostLink && hostUidMap.test(namespace.uidMap);
}

/** @throws HookError `state`: /proc cannot be read */
export function readUserNamespace(): UserNamespace {
  try {
    return {
      uidMap: readFileSync('/proc/self/uid_map', 'latin1'),
      link: readlinkSync('/proc/self/ns/user'),
    };
  } catch (cause) {
    throw new HookError('state', 'could not read the user namespace of the hook from /proc/self', {
      cause,
    });
  }
}
