import { closeSync, realpathSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { quoted } from '#digest/quoted';
import { systemErrorCode } from '#digest/system-error-code';
import { NO_LINK, openHostFile, reading } from './host-file.ts';
import { imageError } from './image-error.ts';
import type { StoredFiles } from './stored-files.ts';

/**
 * The files below a directory of the host's. Links may lead about inside it; where one leads out, nothing is read. (Who can change the
 * directory meanwhile could put those files into it, too.)
 *
 * @throws {DigestError} `unreadable`
 */
export function openDirectory(path: string): StoredFiles {
  const root = reading(path, () => realpathSync(path));
  const open = new Map<string, BlobRegion>();
  return {
    label: quoted(path),
    find(name) {
      const known = open.get(name);
      if (known !== undefined) return known;
      const real = realPathBelow(root, name);
      if (real === undefined) return undefined;
      const file = openHostFile(real, NO_LINK);
      open.set(name, file);
      return file;
    },
    [Symbol.dispose]() {
      for (const { fd } of open.values()) closeSync(fd);
      open.clear();
    },
  };
}

/** Undefined where there is no such file. */
function realPathBelow(root: string, name: string): string | undefined {
  const path = join(root, name);
  const real = reading(path, () => realPathIfThere(path));
  if (real === undefined) return undefined;
  const below = relative(root, real);
  if (below !== '..' && !below.startsWith('../')) return real;
  throw imageError(`expected ${quoted(path)} inside the layout, found a link to ${quoted(real)}`);
}

function realPathIfThere(path: string): string | undefined {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
