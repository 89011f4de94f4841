import type { ByteString } from '#digest/entry';
import type { FoundEntry } from '#digest/lookup';

const MAX_LINKS = 40; // as openat2(RESOLVE_IN_ROOT) has; a runtime that follows more is not believed to

const NAME_MAX = 255;

/** Looks a path up below a root, following no link; undefined where there is nothing. */
export type Lookup = (path: ByteString) => FoundEntry | undefined;

/** Where config.json's mounts lie in a root: paths below it, links resolved, `''` (the root itself) left out. */
export interface MountPoints {
  readonly points: ReadonlySet<ByteString>;
  /** Every directory above one of them. */
  readonly parents: ReadonlySet<ByteString>;
}

/** Resolves as runtimes do when they create mount points: inside the root, the last component's links too. */
export function resolveMountPoints(
  destinations: readonly string[],
  lookup: Lookup,
  interrupt?: () => void,
): MountPoints {
  const once = memoized(lookup);
  const points = new Set<ByteString>();
  for (const destination of destinations) {
    interrupt?.();
    const path = resolveInside(Buffer.from(destination, 'utf8').toString('latin1'), once);
    if (path !== undefined && path !== '') points.add(path);
  }
  return { points, parents: parentsOf(points) };
}

/** @returns undefined where no runtime can have made anything: too many links, a NUL, a name too long */
export function resolveInside(path: ByteString, lookup: Lookup): ByteString | undefined {
  const names = componentsOf(path);
  if (path.includes('\0') || names.some((name) => name.length > NAME_MAX)) return undefined;
  let resolved: ByteString[] = [];
  for (let links = 0; names.length > 0; ) {
    const name = names.shift() ?? '';
    if (name === '..') {
      resolved.pop();
      continue;
    }
    const entry = lookup([...resolved, name].join('/'));
    if (entry?.kind !== 'link') {
      resolved.push(name);
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    const target = entry.target ?? '';
    if (target.startsWith('/')) resolved = [];
    names.unshift(...componentsOf(target));
  }
  return resolved.join('/');
}

export function parentsOf(paths: Iterable<ByteString>): Set<ByteString> {
  const parents = new Set<ByteString>();
  for (const path of paths) {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const parent = path.slice(0, end);
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
}

function componentsOf(path: ByteString): ByteString[] {
  return path.split('/').filter((name) => name !== '' && name !== '.');
}

function memoized(lookup: Lookup): Lookup {
  const known = new Map<ByteString, FoundEntry | undefined>();
  return (path) => {
    if (known.has(path)) return known.get(path);
    // The directories above were asked for first.
    const parent = path.slice(0, Math.max(0, path.lastIndexOf('/')));
    const isReachable = parent === '' || known.get(parent)?.kind === 'dir';
    const entry = isReachable ? lookup(path) : undefined;
    known.set(path, entry);
    return entry;
  };
}
