import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { type FileFacts, Format } from './file-facts.ts';
import { quotePath } from './listing-path.ts';
import type { EntryXattrs, OverlayXattrPrefix } from './xattrs.ts';

/** How an overlay's layers mark what they hide: `user.` where it is mounted with `userxattr`. */
export interface OverlayFormat {
  readonly xattrPrefix: OverlayXattrPrefix;
}

/** Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories". */
export function isWhiteout(facts: FileFacts): boolean {
  return facts.format === Format.char && facts.major === 0 && facts.minor === 0;
}

// fs/overlayfs/overlayfs.h, enum ovl_xattr: what these say changes no name and no content that a container sees.
const HARMLESS = new Set(['origin', 'impure', 'nlink', 'upper', 'uuid', 'protattr']);
const ESCAPED = 'overlay.'; // an overlay inside the container wrote it; to this one it is a plain attribute

const OPAQUE = 'y'.charCodeAt(0);

/**
 * Whether a directory hides what lower layers have under its name.
 *
 * @throws {DigestError} `needs-kernel` if any attribute says more than that.
 */
export function isOpaque(path: ByteString, xattrs: EntryXattrs, format: OverlayFormat): boolean {
  let opaque = false;
  for (const [name, value] of xattrs.overlay) {
    if (name === 'opaque' && value.length === 1 && value[0] === OPAQUE) opaque = true;
    else if (!isHarmless(name)) throw needsKernel(path, `${format.xattrPrefix}${name}`, value);
  }
  return opaque;
}

/**
 * For anything that is not a directory; there `opaque` says nothing.
 *
 * @throws {DigestError} `needs-kernel`
 */
export function refuseKernelXattrs(
  path: ByteString,
  xattrs: EntryXattrs,
  format: OverlayFormat,
): void {
  for (const [name, value] of xattrs.overlay) {
    if (name !== 'opaque' && !isHarmless(name)) {
      throw needsKernel(path, `${format.xattrPrefix}${name}`, value);
    }
  }
}

function isHarmless(name: string): boolean {
  return HARMLESS.has(name) || name.startsWith(ESCAPED);
}

function needsKernel(path: ByteString, name: string, value: Uint8Array): DigestError {
  return new DigestError(
    'needs-kernel',
    `only the kernel can merge ${quotePath(path)}: it has ${JSON.stringify(name)} of ${value.length} bytes ("${value.subarray(0, 64).toHex()}")`,
  );
}
