import { DigestError } from './errors.ts';
import type { OwnerMapping } from './owner-mapping.ts';

// struct vfs_cap_data and vfs_ns_cap_data, include/uapi/linux/capability.h; all fields little-endian.
const REVISION_2 = { revision: 2, size: 20 };
const REVISION_3 = { revision: 3, size: 24 };
const ROOT_ID_OFFSET = 20;
const REVISION_BYTE = 3; // the top byte of magic_etc; the other three hold flags

/**
 * The canonical form of a `security.capability` value (docs/rootfs-digest.md, "Extended attributes"): the kernel
 * shows a capability of the reader's own root as revision 2 and of any other namespace's as revision 3.
 *
 * @throws {DigestError} `unrepresentable`, or `unmapped-id` for a rootid that the container does not map.
 */
export function canonicalCapability(value: Uint8Array, owners: OwnerMapping): Uint8Array {
  if (hasForm(value, REVISION_2)) return new Uint8Array(value);
  if (!hasForm(value, REVISION_3)) {
    throw new DigestError(
      'unrepresentable',
      `expected a security.capability of revision 2 (20 bytes) or 3 (24 bytes), found ${value.toHex()}`,
    );
  }
  const canonical = new Uint8Array(value);
  const view = new DataView(canonical.buffer);
  const root = owners.uid(view.getUint32(ROOT_ID_OFFSET, true));
  if (root === 0) {
    canonical[REVISION_BYTE] = REVISION_2.revision;
    return canonical.subarray(0, REVISION_2.size);
  }
  view.setUint32(ROOT_ID_OFFSET, root, true);
  return canonical;
}

function hasForm(value: Uint8Array, form: { revision: number; size: number }): boolean {
  return value.length === form.size && value[REVISION_BYTE] === form.revision;
}
