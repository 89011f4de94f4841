import type { ByteString } from './entry.ts';
import { DigestError } from './errors.ts';
import { NAME_MAX } from './linux-limits.ts';

// docs/rootfs-digest.md, "Encoding": printable ASCII without # * ? [ and \ stands for itself.
const PLAIN = /^[\x21\x22\x24-\x29\x2b-\x3e\x40-\x5a\x5d-\x7e]*$/;
const SPECIAL = /[^\x21\x22\x24-\x29\x2b-\x3e\x40-\x5a\x5d-\x7e]/g;
const ESCAPE = /\\([0-3][0-7]{2})/g;

const octalEscape = (byte: string): string =>
  `\\${byte.charCodeAt(0).toString(8).padStart(3, '0')}`;

/** A name, a path or a link's target as a listing writes it. */
export function escapeBytes(bytes: ByteString): string {
  return PLAIN.test(bytes) ? bytes : bytes.replace(SPECIAL, octalEscape);
}

/**
 * The inverse of {@link escapeBytes}.
 *
 * @throws {DigestError} `malformed` if the text is not what `escapeBytes` writes.
 */
export function unescapeBytes(text: string): ByteString {
  const bytes = text.replace(ESCAPE, (_, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );
  if (escapeBytes(bytes) !== text) {
    throw new DigestError('malformed', `expected canonical escapes, found ${JSON.stringify(text)}`);
  }
  return bytes;
}

/** A path below the root as a listing writes it: `.` for the root, else with a leading `./`. */
export function escapePath(path: ByteString): string {
  return path === '' ? '.' : `./${escapeBytes(path)}`;
}

/** A path as messages show it: escaped, so that a hostile name cannot forge a line of a log. */
export function quotePath(path: ByteString): string {
  return `"${escapePath(path)}"`;
}

/** Whether a component of a path names an entry of a directory, and may. */
export function isName(component: ByteString): boolean {
  const isSpecial = component === '' || component === '.' || component === '..';
  return !isSpecial && component.length <= NAME_MAX && !component.includes('\0');
}

export function joinPath(parent: ByteString, name: ByteString): ByteString {
  return parent === '' ? name : `${parent}/${name}`;
}
