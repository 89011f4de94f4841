import { dirname } from 'node:path';
import { changeOf, type FileChange } from '#tools/install/file-change';
import type { Host } from '#tools/install/host';

/** The change of a file that is ours alone, so that nothing of it is kept beside it. @throws ToolError `install` */
export function ownFile(host: Host, path: string, text: string | undefined): FileChange {
  const place = host.at(path);
  return changeOf(place, text, { makeIn: dirname(place) });
}
