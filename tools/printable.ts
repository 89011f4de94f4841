// Control characters (C0, DEL, C1), and the format characters that reorder or hide text in a terminal.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}\p{Cs}]/gu;

/**
 * Text that a terminal shows as it is. Container ids, image names and file names are chosen by tenants: an escape
 * sequence in one must not clear the screen, forge a line or turn red into green.
 */
export function printable(untrusted: string): string {
  return untrusted.toWellFormed().replaceAll(UNPRINTABLE, escapeCharacter);
}

function escapeCharacter(character: string): string {
  const codePoint = character.codePointAt(0) ?? 0;
  return codePoint < 0x100
    ? `\\x${codePoint.toString(16).padStart(2, '0')}`
    : `\\u{${codePoint.toString(16)}}`;
}
