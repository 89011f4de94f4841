import { realpathSync, statSync } from 'node:fs';
import type { IdMappings } from '#digest/id-mapping';
import { openTreeRoot, type TreeRoot } from '#digest/tree-root';
import type { Bundle } from '#hook/input/bundle';
import { ToolError } from './errors.ts';
import type { TreeSource } from './source.ts';

/** A directory tree to take the digest of; `using` closes it. */
export interface Tree extends Disposable {
  readonly root: TreeRoot;
  /** Of a bundle whose container has a user namespace of its own: the owners on disk are the host's. */
  readonly idMappings?: IdMappings;
}

const OTHERS = 'an image is oci:DIR, oci-archive:FILE or docker-archive:FILE';

/** @throws ToolError `source`; HookError `bundle`; DigestError `unreadable` */
export async function openTree(source: TreeSource): Promise<Tree> {
  const path = realDirectory(source.path);
  if (source.kind === 'directory') return treeOf(path, undefined);
  // Its validators take as long to load as a small tree takes to digest.
  const { loadBundle } = await import('#hook/input/bundle');
  const bundle = loadBundle({ id: '', pid: 0, bundle: path, status: '', annotations: new Map() });
  return treeOf(bundle.rootfs, idMappingsOf(bundle));
}

function treeOf(rootfs: string, idMappings: IdMappings | undefined): Tree {
  const root = openTreeRoot(rootfs);
  const close = { [Symbol.dispose]: () => root[Symbol.dispose]() };
  return idMappings === undefined ? { root, ...close } : { root, idMappings, ...close };
}

/** Whoever names a link to a directory means the directory. */
function realDirectory(path: string): string {
  let real: string;
  try {
    real = realpathSync(path);
  } catch (cause) {
    const message = `there is no directory ${JSON.stringify(path)}`;
    const hint = `${OTHERS}; one of a registry has to be fetched first, by \`skopeo copy\``;
    throw new ToolError('source', message, { cause, hint });
  }
  if (statSync(real).isDirectory()) return real;
  const message = `expected a directory, found a file: ${JSON.stringify(path)}`;
  throw new ToolError('source', message, { hint: `${OTHERS}, a listing is listing:FILE` });
}

function idMappingsOf({ spec: { linux } }: Bundle): IdMappings | undefined {
  const { uidMappings: uids = [], gidMappings: gids = [] } = linux ?? {};
  const hasUserNamespace = linux?.namespaces?.some(({ type }) => type === 'user') ?? false;
  return hasUserNamespace && uids.length > 0 ? { uids, gids } : undefined;
}
