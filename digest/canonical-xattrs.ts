import { canonicalAcl } from './acl.ts';
import { canonicalCapability } from './capability.ts';
import type { OwnerMapping } from './owner-mapping.ts';

type Canonical = (value: Uint8Array, owners: OwnerMapping) => Uint8Array | undefined;

const CANONICAL: ReadonlyMap<string, Canonical> = new Map<string, Canonical>([
  ['security.capability', canonicalCapability],
  ['system.posix_acl_access', (value, owners) => canonicalAcl('access', value, owners)],
  ['system.posix_acl_default', (value, owners) => canonicalAcl('default', value, owners)],
]);

/** Whether a rootfs digest's listing carries attributes of this name. */
export function isListedXattr(name: string): boolean {
  return CANONICAL.has(name);
}

/**
 * The value as the listing carries it; undefined if it says nothing and so is left out.
 *
 * @throws {DigestError} `unrepresentable`, `unmapped-id`
 */
export function canonicalXattr(
  name: string,
  value: Uint8Array,
  owners: OwnerMapping,
): Uint8Array | undefined {
  return CANONICAL.get(name)?.(value, owners);
}
