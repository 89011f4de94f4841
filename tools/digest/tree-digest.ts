import { digestRootfs } from '#digest/rootfs';
import { noProgress, startListingProgress } from '#tools/progress';
import type { TreeSource } from '#tools/source';
import { openTree } from '#tools/tree';
import type { SourceDigest, SourceOptions } from './source-digest.ts';

/**
 * Of a tree as it stands.
 *
 * @throws ToolError `source`; DigestError; HookError `bundle`
 */
export async function digestTree(
  source: TreeSource,
  { onListing, showProgress }: SourceOptions,
): Promise<SourceDigest> {
  using tree = await openTree(source);
  const progress = showProgress ? startListingProgress('reading') : noProgress;
  try {
    return digestRootfs([tree.root], {
      idMappings: tree.idMappings,
      foreignMounts: 'leave-out',
      onListing: (chunk) => {
        progress.count(chunk);
        onListing?.(chunk);
      },
    });
  } finally {
    progress.clear();
  }
}
