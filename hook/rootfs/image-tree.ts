import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { type FoundEntry, lookupEntry, readNames } from '#digest/lookup';
import type { OverlayFormat } from '#digest/overlay-rules';
import { quoted } from '#digest/quoted';
import { openTreeRoot, type TreeRoot } from '#digest/tree-root';
import { HookError } from '#hook/errors';
import { mountKernelOverlay } from './kernel-overlay.ts';
import type { ImageDirectories } from './lower-directories.ts';
import type { OverlayOptions } from './overlay-options.ts';

/** A tree that can be read: directories to be merged by overlayfs's rules, or one as it stands. */
export interface ReadableTree {
  /** Topmost first. */
  readonly layers: readonly TreeRoot[];
  readonly overlay?: OverlayFormat | undefined;
}

/**
 * Lower directories, merged. They are read as plain directories, unless an entry turns up that only the kernel can
 * merge; from then on the kernel's own read-only overlay of the same directories is read.
 */
export class ImageTree implements Disposable {
  readonly #directories: ImageDirectories;
  readonly #options: OverlayOptions;
  readonly #emptyDirectory: string;
  #kernel: TreeRoot | undefined;

  constructor(directories: ImageDirectories, options: OverlayOptions, emptyDirectory: string) {
    this.#directories = directories;
    this.#options = options;
    this.#emptyDirectory = emptyDirectory;
  }

  [Symbol.dispose](): void {
    this.#kernel?.[Symbol.dispose]();
    this.#kernel = undefined;
  }

  /** `use` may be called twice; its first call then ended in an error. */
  read<T>(use: (tree: ReadableTree) => T): T {
    if (this.#kernel === undefined && this.#directories.dataLowers.length === 0) {
      try {
        const { xattrPrefix } = this.#options;
        return use({ layers: this.#directories.lowers, overlay: { xattrPrefix } });
      } catch (error) {
        if (!(error instanceof DigestError) || error.code !== 'needs-kernel') throw error;
      }
    }
    this.#kernel ??= this.#mount();
    return use({ layers: [this.#kernel] });
  }

  #mount(): TreeRoot {
    using spare = openTreeRoot(this.#emptyDirectory);
    if (readNames(spare, '').length > 0)
      throw new HookError(
        'rootfs',
        `expected an empty directory at ${quoted(this.#emptyDirectory)}`,
      );
    return mountKernelOverlay(this.#directories, this.#options.meaning, spare);
  }
}

export function lookupIn(tree: ReadableTree, path: ByteString): FoundEntry | undefined {
  return lookupEntry(tree.layers, path, { overlay: tree.overlay });
}

/** Names that any layer has in a directory, hidden ones too. */
export function namesIn(tree: ReadableTree, path: ByteString): Set<ByteString> {
  const hasDirectory = (layer: TreeRoot) =>
    path === '' || lookupEntry([layer], path, {})?.kind === 'dir';
  return new Set(tree.layers.filter(hasDirectory).flatMap((layer) => readNames(layer, path)));
}
