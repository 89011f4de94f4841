import type { ByteString } from '#digest/entry';
import type { FoundEntry } from '#digest/lookup';
import type { AddedEntry, ContainerChoice } from './engine-additions.ts';
import { isCopyUp } from './made-entries.ts';

export const MAX_ACCOUNTS_BYTES: number = 1024 * 1024;

/** `etc/passwd` with the line for a numeric user that the image's file does not have (generateUserPasswdEntry). */
export function isPasswdAddition(added: AddedEntry, choice: ContainerChoice): boolean {
  const addition = addedLine(added);
  return addition !== undefined && isPasswdLine(addition, choice);
}

/** `etc/group` with the line for a numeric group that the image's file does not have (generateUserGroupEntry). */
export function isGroupAddition(added: AddedEntry, choice: ContainerChoice): boolean {
  const addition = addedLine(added);
  return addition !== undefined && isGroupLine(addition, choice, added);
}

interface AddedLine {
  /** What the image has. */
  readonly before: ByteString;
  readonly line: ByteString;
}

/**
 * Podman appends one line in place, so that the file is copied up and keeps its mode and owner. Where there is none it
 * makes it, 0600 and its own, and leaves it so.
 */
function addedLine(added: AddedEntry): AddedLine | undefined {
  const { entry, below, image } = added;
  if (image === undefined || entry.kind !== 'file' || entry.size > MAX_ACCOUNTS_BYTES)
    return undefined;
  const isKept = below !== undefined && !added.isHostOwned && isCopyUp(entry, below);
  if (!isKept && !(below === undefined && isPodmansOwn(entry))) return undefined;
  if (isKept && below.size >= entry.size) return undefined;
  const before = isKept ? asBytes(image.readEntry(added.path)) : '';
  const after = asBytes(added.readEntry());
  if (!after.startsWith(before) || (before !== '' && !before.endsWith('\n'))) return undefined;
  const [line = '', ...rest] = after.slice(before.length).split('\n');
  return rest.length === 1 && rest[0] === '' && isNew(before, line) ? { before, line } : undefined;
}

function isPodmansOwn(entry: FoundEntry): boolean {
  const { mode, uid, gid, xattrs, overlayXattrs } = entry;
  return (
    mode === 0o600 && uid === 0 && gid === 0 && xattrs.length === 0 && overlayXattrs.size === 0
  );
}

/** Podman adds no line for whoever has one, be it by name or by number. */
function isNew(before: ByteString, line: ByteString): boolean {
  const [name, , id] = line.split(':');
  return before.split('\n').every((known) => {
    const fields = known.split(':');
    return fields[0] !== name && fields[0] !== id && fields[2] !== id;
  });
}

/**
 * `NAME:*:UID:GID:COMMENT:CWD:/bin/sh`, where name and comment are the host's for that number, if it has one, or else the
 * number and `container user`. The group may be 0, since that is what podman gives `--user 1001`, and process.user has
 * it as well; the user never is.
 */
function isPasswdLine({ line }: AddedLine, choice: ContainerChoice): boolean {
  const { uid, gid } = choice.user;
  const home = utf8(choice.cwd);
  if (uid === 0 || /[:\n\0]/.test(home)) return false;
  const names = [{ name: `${uid}`, comment: 'container user' }, ...hostNames(uid, choice)];
  return names.some(
    ({ name, comment }) => line === `${name}:*:${uid}:${gid}:${comment}:${home}:/bin/sh`,
  );
}

function hostNames(
  uid: number,
  { readHostPasswd }: ContainerChoice,
): { name: ByteString; comment: ByteString }[] {
  const fields = (readHostPasswd?.() ?? '').split('\n').map((line) => line.split(':'));
  return fields
    .filter(([, , id]) => id === `${uid}`)
    .map(([name = '', , , , comment = '']) => ({ name, comment: comment.split(',')[0] ?? '' }));
}

/** `GID:x:GID:USER`; without a group of its own the user's number is the group's as well, though the process has group 0. */
function isGroupLine({ line }: AddedLine, choice: ContainerChoice, added: AddedEntry): boolean {
  const [gid = '', password, same, member = '', ...rest] = line.split(':');
  const { user } = choice;
  return (
    (gid === `${user.gid}` || gid === `${user.uid}`) &&
    gid !== '0' &&
    password === 'x' &&
    same === gid &&
    rest.length === 0 &&
    isMember(member, choice, added)
  );
}

/** The user as it was asked for: by number, by the name that the image knows it by, or not at all. */
function isMember(
  member: ByteString,
  { user }: ContainerChoice,
  { image }: Pick<AddedEntry, 'image'>,
): boolean {
  if (member === '' || member === `${user.uid}`) return true;
  const passwd = image?.lookup('etc/passwd');
  if (image === undefined || passwd?.kind !== 'file' || passwd.size > MAX_ACCOUNTS_BYTES)
    return false;
  const lines = asBytes(image.readEntry('etc/passwd')).split('\n');
  return lines.some((line) => {
    const [name, , uid] = line.split(':');
    return name === member && uid === `${user.uid}`;
  });
}

function asBytes(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes).toString('latin1');
}

function utf8(text: string): ByteString {
  return Buffer.from(text, 'utf8').toString('latin1');
}
