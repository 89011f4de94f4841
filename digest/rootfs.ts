/**
 * The rootfs digest of directories (docs/rootfs-digest.md). For one plain directory it equals
 *
 *     oci-measure digest --listing DIR | sha256sum
 *
 * Synchronous: the caller's event loop does not turn. The working directory is borrowed and given back. Contents are
 * read by threads that are not root.
 */
import { ContentHasher } from './content-hasher.ts';
import type { IdMappings } from './id-mapping.ts';
import type { ListingKind } from './listing.ts';
import { type ListingOptions, ListingVisitor, type RootfsDigest } from './listing-visitor.ts';
import type { OverlayFormat } from './overlay-rules.ts';
import { TreeReader } from './tree-reader.ts';
import type { TreeRoot } from './tree-root.ts';
import { Walk } from './walk.ts';
import type { OverlayXattrPrefix } from './xattrs.ts';

export type { RootfsDigest } from './listing-visitor.ts';

export interface LayerOptions extends ListingOptions {
  readonly idMappings?: IdMappings | undefined;
  /** Read contents as root, too. By default they are read with CAP_DAC_READ_SEARCH alone wherever we are root. */
  readonly readAsRoot?: boolean | undefined;
}

export interface DigestOptions extends LayerOptions {
  /** Merge the layers by overlayfs's rules; whiteouts count even where there is one layer. */
  readonly overlay?: OverlayFormat | undefined;
}

/**
 * @param layers topmost first; one, unless they are to be merged
 * @throws {DigestError} see docs/rootfs-digest.md, "Reading a directory"
 */
export function digestRootfs(layers: readonly TreeRoot[], options: DigestOptions): RootfsDigest {
  return digestListing('rootfs', layers, options, undefined);
}

export interface WritableLayerOptions extends LayerOptions {
  /** Which overlay attributes are in force. Default `trusted.overlay.` */
  readonly xattrPrefix?: OverlayXattrPrefix | undefined;
}

/**
 * The digest of the layer above an image, as it lies on disk (docs/rootfs-digest.md, "The digest of a writable layer").
 *
 * @throws {DigestError} as {@link digestRootfs}
 */
export function digestWritableLayer(layer: TreeRoot, options: WritableLayerOptions): RootfsDigest {
  return digestListing('writable', [layer], options, options.xattrPrefix ?? 'trusted.overlay.');
}

function digestListing(
  kind: ListingKind,
  layers: readonly TreeRoot[],
  options: DigestOptions,
  writablePrefix: OverlayXattrPrefix | undefined,
): RootfsDigest {
  const { overlay, idMappings, readAsRoot = false, interrupt = () => {} } = options;
  using reader = new TreeReader(layers, { overlay, idMappings, overlayXattrs: writablePrefix });
  using hasher = new ContentHasher({ readAsRoot, interrupt });
  using visitor = new ListingVisitor(kind, reader.owners, hasher, { ...options, writablePrefix });
  new Walk(reader, visitor).run();
  return visitor.finish();
}
