import type { ByteString } from '#digest/entry';
import type { FoundEntry } from '#digest/lookup';
import { parentsOf } from './mount-destinations.ts';

/** An entry of a writable layer, with what the layers below have at its path. */
export interface AddedEntry {
  readonly entry: FoundEntry;
  /** undefined: there is nothing. */
  readonly below: FoundEntry | undefined;
  readonly readEntry: () => Uint8Array;
  readonly readBelow: () => Uint8Array;
}

export interface ContainerUser {
  readonly uid: number;
  readonly gid: number;
}

type Rule = (added: AddedEntry, user: ContainerUser) => boolean;

/**
 * What engines themselves write into a container's writable layer before the runtime starts, entry by entry and
 * exactly. An entry that is none of these is measured with its layer.
 */
const additions: ReadonlyMap<ByteString, Rule> = new Map<ByteString, Rule>([
  ['etc/passwd', (added, user) => addsOneLine(added, (line) => isPasswdLine(line, user))],
  ['etc/group', (added, user) => addsOneLine(added, (line) => isGroupLine(line, user))],
  ['etc/mtab', isMtabLink],
]);

/** Directories above the engines' additions: they are copied up, or made, along with them. */
export const additionParents: ReadonlySet<ByteString> = parentsOf(additions.keys());

export function isEngineAddition(
  path: ByteString,
  added: AddedEntry,
  user: ContainerUser,
): boolean {
  return additions.get(path)?.(added, user) ?? false;
}

/** Podman and CRI-O, where the image has no /etc/mtab (container_internal_linux.go, server/container_create.go). */
function isMtabLink({ entry, below }: AddedEntry): boolean {
  return (
    below === undefined &&
    entry.kind === 'link' &&
    entry.target === '/proc/mounts' &&
    entry.uid === 0 &&
    entry.gid === 0 &&
    entry.xattrs.length === 0 &&
    entry.overlayXattrs.size === 0
  );
}

export const MAX_ACCOUNTS_BYTES: number = 1024 * 1024;

/** Podman appends one line in place, so that the file is copied up and keeps its mode and owner. */
function addsOneLine(added: AddedEntry, isLine: (line: string) => boolean): boolean {
  const { entry, below } = added;
  if (below === undefined || !isCopyUp(entry, below) || entry.kind !== 'file') return false;
  if (entry.size > MAX_ACCOUNTS_BYTES || below.size >= entry.size) return false;
  const before = Buffer.from(added.readBelow()).toString('latin1');
  const after = Buffer.from(added.readEntry()).toString('latin1');
  if (!after.startsWith(before) || (before !== '' && !before.endsWith('\n'))) return false;
  const [line = '', ...rest] = after.slice(before.length).split('\n');
  return rest.length === 1 && rest[0] === '' && isLine(line) && !hasName(before, line);
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
    [...entry.overlayXattrs.keys()].every((name) => name === 'origin' || name === 'impure')
  );
}

/**
 * `UID:*:UID:GID:container user:HOME:/bin/sh` (generateUserPasswdEntry). The group may be 0, since that is what
 * podman gives `--user 1001`, and process.user has it as well; the user never is.
 */
function isPasswdLine(line: string, { uid, gid }: ContainerUser): boolean {
  if (uid === 0) return false;
  const start = `${uid}:*:${uid}:${gid}:container user:/`;
  const end = ':/bin/sh';
  return (
    line.startsWith(start) &&
    line.endsWith(end) &&
    line.length >= start.length + end.length &&
    /^[^:\0]*$/.test(line.slice(start.length, -end.length))
  );
}

/** `GID:x:GID:USER` (generateUserGroupEntry); USER is the user as it was asked for: its id, its name, or nothing. */
function isGroupLine(line: string, { gid }: ContainerUser): boolean {
  if (gid === 0) return false;
  const start = `${gid}:x:${gid}:`;
  return line.startsWith(start) && /^[A-Za-z0-9_.-]*$/.test(line.slice(start.length));
}

function hasName(accounts: string, line: string): boolean {
  const name = line.slice(0, line.indexOf(':') + 1);
  return accounts.startsWith(name) || accounts.includes(`\n${name}`);
}
