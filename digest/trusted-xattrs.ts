import { readFileSync, readlinkSync } from 'node:fs';
import { DigestError } from './errors.ts';

/** PROC_USER_INIT_INO of include/linux/proc_ns.h. */
const INITIAL_USER_NAMESPACE = 'user:[4026531837]';
const CAP_SYS_ADMIN = 1n << 21n;

/**
 * Whoever may not see `trusted.` attributes is not told so: they read as absent (xattr(7)), and an opaque directory
 * would merge as if it were none.
 *
 * @throws {DigestError} `unreadable`
 */
export function requireTrustedXattrs(): void {
  const status = readFileSync('/proc/thread-self/status', 'ascii');
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`);
  const isInitial = readlinkSync('/proc/self/ns/user') === INITIAL_USER_NAMESPACE;
  if (isInitial && (effective & CAP_SYS_ADMIN) !== 0n) return;
  throw new DigestError(
    'unreadable',
    'expected root of the host, who alone sees the attributes that mark what layers hide',
  );
}
