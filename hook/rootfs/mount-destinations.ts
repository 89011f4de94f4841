import type { ByteString } from '#digest/entry';
import { NAME_MAX, PATH_MAX } from '#digest/linux-limits';
import { joinPath } from '#digest/listing-path';
import type { FoundEntry } from '#digest/lookup';
import { HookError } from '#hook/errors';

const MAX_LINKS = 40; // as openat2(RESOLVE_IN_ROOT) has; a runtime that follows more is not believed to

/** A config.json has room for more than fit into memory. */
const MAX_PLACES = 200_000;

/** Looks a path up below a root, following no link; undefined where there is nothing. */
export type Lookup = (path: ByteString) => FoundEntry | undefined;

/** Where config.json's mounts lie in a root: paths below it, links resolved, `''` (the root itself) left out. */
export interface MountPoints {
  readonly points: ReadonlySet<ByteString>;
  /** Every directory above one of them. */
  readonly parents: ReadonlySet<ByteString>;
}

/**
 * Resolves as runtimes do when they create mount points: inside the root, the last component's links too.
 *
 * @throws HookError `rootfs` when there are more than can be looked at
 */
export function resolveMountPoints(
  destinations: readonly string[],
  lookup: Lookup,
  interrupt?: () => void,
): MountPoints {
  const root = new Place('', undefined);
  const points = new Set<ByteString>();
  for (const destination of destinations) {
    interrupt?.();
    const path = Buffer.from(destination, 'utf8').toString('latin1');
    const place = path.length < PATH_MAX ? resolveInside(root, path, lookup) : undefined;
    if (place !== undefined && place !== root) points.add(place.path);
  }
  return { points, parents: parentsOf(points) };
}

/** A path below the root without links, remembered: ten thousand destinations have most of their way in common. */
class Place {
  readonly path: ByteString;
  readonly parent: Place | undefined;
  readonly #children = new Map<ByteString, Place>();
  /** All that were made below one root. */
  readonly #count: { places: number };
  #isLookedUp = false;
  #entry: FoundEntry | undefined;

  constructor(path: ByteString, parent: Place | undefined) {
    this.path = path;
    this.parent = parent;
    this.#count = parent === undefined ? { places: 0 } : parent.#count;
  }

  /** @throws HookError `rootfs` when there are too many */
  child(name: ByteString): Place {
    const known = this.#children.get(name);
    if (known !== undefined) return known;
    if (++this.#count.places > MAX_PLACES)
      throw new HookError(
        'rootfs',
        `expected the mounts' destinations to name at most ${MAX_PLACES} places, found more`,
      );
    const child = new Place(joinPath(this.path, name), this);
    this.#children.set(name, child);
    return child;
  }

  /** Below what is no directory there is nothing, and nothing is asked. */
  entry(lookup: Lookup): FoundEntry | undefined {
    if (!this.#isLookedUp) {
      const above = this.parent;
      const isReachable = above?.parent === undefined || above.entry(lookup)?.kind === 'dir';
      this.#entry = isReachable ? lookup(this.path) : undefined;
      this.#isLookedUp = true;
    }
    return this.#entry;
  }
}

/** @returns undefined where no runtime can have made anything: too many links, a NUL, a name too long */
function resolveInside(root: Place, path: ByteString, lookup: Lookup): Place | undefined {
  // Reversed, so that taking the next name and putting a link's target before the rest are cheap.
  const names = componentsOf(path).toReversed();
  let place = root;
  let links = 0;
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    if (name.length > NAME_MAX || name.includes('\0')) return undefined;
    if (name === '..') {
      place = place.parent ?? root;
      continue;
    }
    const next = place.child(name);
    const entry = next.entry(lookup);
    if (entry?.kind !== 'link') {
      place = next;
      continue;
    }
    links += 1;
    if (links > MAX_LINKS) return undefined;
    const target = entry.target ?? '';
    if (target.startsWith('/')) place = root;
    names.push(...componentsOf(target).toReversed());
  }
  return place;
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
