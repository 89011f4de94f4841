import { canonicalXattr, isListedXattr } from './canonical-xattrs.ts';
import type { ByteString, Entry, File, Xattr } from './entry.ts';
import { DigestError } from './errors.ts';
import { PATH_MAX } from './linux-limits.ts';
import { ListingOrder } from './listing-order.ts';
import { escapeBytes, escapePath, isName, unescapeBytes } from './listing-path.ts';
import { ownerMapping } from './owner-mapping.ts';

/** What a listing is of: a root filesystem, or the writable layer above one. */
export type ListingKind = 'rootfs' | 'writable';

/** The first two lines: format and version, and the root, whose metadata no engine takes from the image. */
export const LISTING_HEADER: Readonly<Record<ListingKind, string>> = {
  rootfs: '#mtree rootfs-digest v1\n. type=dir\n',
  writable: '#mtree writable-digest v1\n. type=dir\n',
};

/** Those of an overlay that change what a container sees: only in the listing of a writable layer. */
export const LISTED_OVERLAY_XATTRS: readonly string[] = ['metacopy', 'opaque', 'redirect'];
const WRITABLE_XATTRS = new Set(
  LISTED_OVERLAY_XATTRS.flatMap((name) => [`trusted.overlay.${name}`, `user.overlay.${name}`]),
);

const MAX_ID = 2 ** 32 - 2; // 2^32 − 1 is "no id"
const MAX_MAJOR = 2 ** 12 - 1;
const MAX_MINOR = 2 ** 20 - 1;

export type UnhashedFile = Omit<File, 'sha256'>;

/**
 * The lines of one entry (docs/rootfs-digest.md, "Encoding"). A change here changes every digest: it needs a new version.
 */
export function encodeEntry(entry: Entry): string {
  switch (entry.kind) {
    case 'file':
      return encodeFileUpToDigest(entry) + entry.sha256 + encodeAfterDigest(entry);
    case 'link':
      return `${lineStart(entry)} uid=${entry.uid} gid=${entry.gid} link=${escapeBytes(entry.target)}${encodeAfterDigest(entry)}`;
    case 'char':
    case 'block':
      return `${lineStart(entry)}${modeAndOwner(entry)} device=native,${entry.major},${entry.minor}${encodeAfterDigest(entry)}`;
    case 'dir':
    case 'fifo':
      return `${lineStart(entry)}${modeAndOwner(entry)}${encodeAfterDigest(entry)}`;
  }
}

/** What stands before a file's 64 digits, so that a listing can be laid out before its contents are hashed. */
export function encodeFileUpToDigest(file: UnhashedFile): string {
  return `${lineStart(file)}${modeAndOwner(file)} size=${file.size} sha256digest=`;
}

function lineStart({ path, kind }: Entry | UnhashedFile): string {
  return `${escapePath(path)} type=${kind}`;
}

function modeAndOwner({ mode, uid, gid }: { mode: number; uid: number; gid: number }): string {
  return ` mode=${mode.toString(8).padStart(4, '0')} uid=${uid} gid=${gid}`;
}

/** What stands behind them. */
export function encodeAfterDigest({ xattrs }: { xattrs: readonly Xattr[] }): string {
  return xattrs.length === 0 ? '\n' : `\n${xattrs.map(encodeXattr).join('')}`;
}

function encodeXattr({ name, value }: Xattr): string {
  return `#xattr ${name}=${value.toBase64()}\n`;
}

export interface Listing {
  readonly kind: ListingKind;
  readonly entries: readonly Entry[];
}

/**
 * Reads a listing strictly: what is accepted encodes to the same bytes again.
 *
 * @throws {DigestError} `malformed`
 */
export function parseListing(listing: Uint8Array): Listing {
  const text = Buffer.from(listing.buffer, listing.byteOffset, listing.length).toString('latin1');
  const kind = text.startsWith(LISTING_HEADER.rootfs) ? 'rootfs' : 'writable';
  const header = LISTING_HEADER[kind];
  if (!text.startsWith(header)) {
    throw new DigestError(
      'malformed',
      `expected a listing, found ${JSON.stringify(text.slice(0, header.length))}`,
    );
  }
  if (!text.endsWith('\n')) {
    throw new DigestError('malformed', 'expected a line feed at the end of the listing');
  }
  return { kind, entries: parseEntries(kind, text.slice(header.length)) };
}

function parseEntries(kind: ListingKind, text: string): Entry[] {
  const order = new ListingOrder();
  const entries: Entry[] = [];
  for (let at = 0; at < text.length; ) {
    const end = endOfEntry(text, at);
    const entry = parseEntry(kind, text.slice(at, end));
    order.check(entry);
    entries.push(entry);
    at = end;
  }
  return entries;
}

/** An entry's line and the attribute lines behind it. */
function endOfEntry(text: string, at: number): number {
  let end = text.indexOf('\n', at) + 1;
  while (text.startsWith('#', end)) end = text.indexOf('\n', end) + 1;
  return end;
}

function parseEntry(kind: ListingKind, lines: string): Entry {
  const [line = '', ...xattrLines] = lines.slice(0, -1).split('\n');
  const xattrs = xattrLines.map((xattrLine) => parseXattr(kind, xattrLine));
  const isSorted = xattrs.every(({ name }, i) => i === 0 || name > (xattrs[i - 1]?.name ?? ''));
  const entry = parseLine(line, xattrs);
  // Numbers with leading zeros, needless escapes, other white space: whatever has another form is refused here.
  if (entry === undefined || !isSorted || encodeEntry(entry) !== lines) {
    throw new DigestError(
      'malformed',
      `expected an entry of a listing, found ${JSON.stringify(lines)}`,
    );
  }
  return entry;
}

const LINE = /^\.\/(\S+) type=(\w+)(?: mode=([0-7]{4}))? uid=(\d+) gid=(\d+)(?: (\S.*))?$/;
const CONTENT = /^size=(\d+) sha256digest=([0-9a-f]{64})$/;
const DEVICE = /^device=native,(\d+),(\d+)$/;
const LINK = /^link=(\S+)$/;

/** Undefined where the line is wrong; what it gives may still have another canonical form. */
function parseLine(line: string, xattrs: readonly Xattr[]): Entry | undefined {
  const [, escaped = '', kind, octal, uidText, gidText, rest = ''] = LINE.exec(line) ?? [];
  const [uid, gid] = [Number(uidText), Number(gidText)];
  if (!(uid <= MAX_ID && gid <= MAX_ID)) return undefined;
  const path = unescapeBytes(escaped);
  if (!path.split('/').every(isName)) return undefined;
  const owned = { path, uid, gid, xattrs };
  if (kind === 'link') {
    const target = unescapeBytes(LINK.exec(rest)?.[1] ?? '');
    return octal === undefined && isTarget(target) ? { kind, ...owned, target } : undefined;
  }
  if (octal === undefined) return undefined;
  const moded = { ...owned, mode: Number.parseInt(octal, 8) };
  switch (kind) {
    case 'dir':
    case 'fifo':
      return rest === '' ? { kind, ...moded } : undefined;
    case 'file': {
      const [, size, sha256] = CONTENT.exec(rest) ?? [];
      const isContent = sha256 !== undefined && Number.isSafeInteger(Number(size));
      return isContent ? { kind, ...moded, size: Number(size), sha256 } : undefined;
    }
    case 'char':
    case 'block': {
      const [major, minor] = (DEVICE.exec(rest) ?? []).slice(1).map(Number);
      if (major === undefined || minor === undefined) return undefined;
      return major <= MAX_MAJOR && minor <= MAX_MINOR
        ? { kind, ...moded, major, minor }
        : undefined;
    }
    case undefined:
    default:
      return undefined;
  }
}

const XATTR = /^#xattr ([^\s=]+)=([A-Za-z0-9+/]*={0,2})$/;

function parseXattr(kind: ListingKind, line: string): Xattr {
  const [, name = '', base64 = ''] = XATTR.exec(line) ?? [];
  const value = Buffer.from(base64, 'base64');
  const isCanonical = isListedXattr(name)
    ? isCanonicalXattr(name, value)
    : kind === 'writable' && WRITABLE_XATTRS.has(name);
  if (!isCanonical) {
    throw new DigestError(
      'malformed',
      `expected an attribute of a listing, found ${JSON.stringify(line)}`,
    );
  }
  return { name, value };
}

function isCanonicalXattr(name: string, value: Uint8Array): boolean {
  try {
    const canonical = canonicalXattr(name, value, ownerMapping(undefined));
    return canonical !== undefined && Buffer.compare(canonical, value) === 0;
  } catch (error) {
    if (error instanceof DigestError) return false;
    throw error;
  }
}

function isTarget(target: ByteString): boolean {
  return target !== '' && target.length < PATH_MAX && !target.includes('\0');
}
