import type { Entry } from '#digest/entry';
import type { ImageDigest } from '#digest/images/digest-image';
import type { AmbiguityError, Semantics } from '#digest/layers/layered-rootfs';
import type { RootfsDigest } from '#digest/rootfs';
import type { ImageChoice } from '#tools/image-choice';
import type { Source } from '#tools/source';

export interface SourceDigest extends RootfsDigest {
  /** The entries, where they are at hand. */
  readonly listed?: readonly Entry[];
  /** Of an image: which it was, and whether engines agree on it. */
  readonly image?: ImageDigest;
  /** Whose digest it is, if one was chosen. */
  readonly semantics?: Semantics | undefined;
}

export interface SourceOptions extends ImageChoice {
  /** Gets the listing, in pieces cut anywhere. */
  readonly onListing: ((chunk: Uint8Array) => void) | undefined;
  /** Gets what is thrown of an image that has no one digest, before it is. */
  readonly onAmbiguity?: (error: AmbiguityError) => void;
  /** Whether standard error may show how far it has come while the listing is made. */
  readonly showProgress: boolean;
}

/**
 * The rootfs digest of whatever SOURCE names. What reads it is loaded when it is known what it is.
 *
 * @throws ToolError `source`; DigestError; HookError `bundle`
 */
export async function digestSource(source: Source, options: SourceOptions): Promise<SourceDigest> {
  switch (source.kind) {
    case 'directory':
    case 'bundle': {
      const { digestTree } = await import('./tree-digest.ts');
      return await digestTree(source, options);
    }
    case 'listing': {
      const { digestListingFile } = await import('./listing-file.ts');
      return digestListingFile(source, options);
    }
    case 'oci':
    case 'oci-archive':
    case 'docker-archive': {
      const { digestImageSource } = await import('./image-digest.ts');
      return await digestImageSource(source, options);
    }
  }
}
