import type { FoundEntry } from '#digest/lookup';

/**
 * runc makes directories 0755, crun 01755 (its umask is 0); a umask may take bits away. overlayfs marks a new directory
 * opaque when `index` or `metacopy` is on, where there is nothing below that it could hide.
 */
export function isMadeDirectory(entry: FoundEntry, owner: Owner = root): boolean {
  return (
    isMade(entry, 0o1755, owner) &&
    [...entry.overlayXattrs.keys()].every((name) => name === 'opaque')
  );
}

/**
 * An upper directory itself, which is the root that a container sees. Engines make it 0755 or 0555, root's; containers/storage gives it the mode and
 * the owner of the image's topmost layer, containerd the owner.
 */
export function isMadeRoot(made: FoundEntry, below: FoundEntry | undefined): boolean {
  const isOwned = isRoots(made) || (made.uid === below?.uid && made.gid === below.gid);
  const hasMode = (made.mode & ~0o755) === 0 || made.mode === below?.mode;
  return isOwned && hasMode && made.xattrs.length === 0;
}

function isRoots({ uid, gid }: FoundEntry): boolean {
  return uid === root.uid && gid === root.gid;
}

/** runc makes files 0644 or 0755, crun 0700. */
export function isMadeFile(entry: FoundEntry): boolean {
  return (
    entry.kind === 'file' &&
    entry.size === 0 &&
    isMade(entry, 0o755, root) &&
    entry.overlayXattrs.size === 0
  );
}

interface Owner {
  readonly uid: number;
  readonly gid: number;
}

const root: Owner = { uid: 0, gid: 0 };

function isMade(entry: FoundEntry, mode: number, { uid, gid }: Owner): boolean {
  return (
    (entry.mode & ~mode) === 0 &&
    entry.uid === uid &&
    entry.gid === gid &&
    entry.xattrs.length === 0
  );
}

/** Root's, to an exact target. */
export function isMadeLink(entry: FoundEntry): boolean {
  return (
    entry.kind === 'link' &&
    entry.uid === 0 &&
    entry.gid === 0 &&
    entry.xattrs.length === 0 &&
    entry.overlayXattrs.size === 0
  );
}

/** Whether two entries are the same file or directory, before and after it was copied up: all but content. */
export function isCopyUp(entry: FoundEntry, below: FoundEntry): boolean {
  return (
    entry.kind === below.kind &&
    entry.mode === below.mode &&
    entry.uid === below.uid &&
    entry.gid === below.gid &&
    entry.xattrs.length === below.xattrs.length &&
    entry.xattrs.every(({ name, value }, index) => {
      const other = below.xattrs[index];
      return other?.name === name && Buffer.compare(other.value, value) === 0;
    }) &&
    isMerged(entry)
  );
}

/** Whether overlayfs shows what is below a directory as well. */
export function isMerged(entry: FoundEntry): boolean {
  return [...entry.overlayXattrs.keys()].every((name) => name === 'origin' || name === 'impure');
}
