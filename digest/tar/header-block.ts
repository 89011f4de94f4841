import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { escapeBytes } from '#digest/listing-path';
import { type Int64, lowest32, parseNumeric, parseOctal } from './tar-number.ts';

export const BLOCK_SIZE = 512;

type Format = 'v7' | 'ustar' | 'star' | 'gnu';

/** What one header block says, before extended headers change it. */
export interface HeaderBlock {
  readonly format: Format;
  readonly name: ByteString;
  readonly typeFlag: string;
  readonly linkName: ByteString;
  readonly size: Int64;
  /** The lowest 32 bits of each, unsigned. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
  /** Where that is not all of the major or the minor number. */
  readonly isDeviceCut: boolean;
}

const CHECKSUM = { at: 148, length: 8 };
const SPACE = 0x20;

/** @throws {DigestError} `layer`, without saying where */
export function parseHeaderBlock(bytes: Buffer, at: number): HeaderBlock {
  verifyChecksum(bytes, at);
  const format = formatOf(bytes, at);
  readNumber(bytes, at + 136, 12, 'mtime');
  const hasDevice = format !== 'v7';
  const major = hasDevice ? readNumber(bytes, at + 329, 8, 'devmajor') : 0;
  const minor = hasDevice ? readNumber(bytes, at + 337, 8, 'devminor') : 0;
  return {
    format,
    name: readName(bytes, at, format),
    typeFlag: String.fromCharCode(bytes[at + 156] ?? 0),
    linkName: readString(bytes, at + 157, 100),
    size: readNumber(bytes, at + 124, 12, 'size'),
    mode: lowest32(readNumber(bytes, at + 100, 8, 'mode')),
    uid: lowest32(readNumber(bytes, at + 108, 8, 'uid')),
    gid: lowest32(readNumber(bytes, at + 116, 8, 'gid')),
    major: lowest32(major),
    minor: lowest32(minor),
    isDeviceCut: lowest32(major) !== major || lowest32(minor) !== minor,
  };
}

export function isZeroBlock(bytes: Uint8Array, at: number): boolean {
  for (let i = at; i < at + BLOCK_SIZE; i += 1) if (bytes[i] !== 0) return false;
  return true;
}

function verifyChecksum(bytes: Uint8Array, at: number): void {
  const field = at + CHECKSUM.at;
  const expected = parseOctal(bytes, field, CHECKSUM.length);
  let sum = 0;
  let highBits = 0;
  for (let i = at; i < at + BLOCK_SIZE; i += 1) {
    const byte = bytes[i] ?? 0;
    sum += byte;
    highBits += byte >> 7;
  }
  for (let i = field; i < field + CHECKSUM.length; i += 1) {
    const byte = bytes[i] ?? 0;
    sum += SPACE - byte;
    highBits -= byte >> 7;
  }
  // Sun's tar added the bytes as signed ones.
  if (expected === sum || expected === sum - 256 * highBits) return;
  const found = expected === undefined ? 'no number' : String(expected);
  throw new DigestError('layer', `expected a tar header with the checksum ${sum}, found ${found}`);
}

function formatOf(bytes: Uint8Array, at: number): Format {
  if (hasText(bytes, at + 257, 'ustar\0')) {
    return hasText(bytes, at + 508, 'tar\0') ? 'star' : 'ustar';
  }
  return hasText(bytes, at + 257, 'ustar  \0') ? 'gnu' : 'v7';
}

function hasText(bytes: Uint8Array, at: number, text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    if (bytes[at + i] !== text.charCodeAt(i)) return false;
  }
  return true;
}

function readName(bytes: Buffer, at: number, format: Format): ByteString {
  const name = readString(bytes, at, 100);
  const prefix = readPrefix(bytes, at, format);
  return prefix === '' ? name : `${prefix}/${name}`;
}

function readPrefix(bytes: Buffer, at: number, format: Format): ByteString {
  switch (format) {
    case 'v7':
      return '';
    case 'ustar':
      return readString(bytes, at + 345, 155);
    case 'star':
      readNumber(bytes, at + 476, 12, 'atime');
      readNumber(bytes, at + 488, 12, 'ctime');
      return readString(bytes, at + 345, 131);
    case 'gnu':
      return readMistakenPrefix(bytes, at);
  }
}

/** Go before 1.8 wrote a prefix into GNU headers, over the times that stand there, and still reads it. */
function readMistakenPrefix(bytes: Buffer, at: number): ByteString {
  if (isTime(bytes, at + 345) && isTime(bytes, at + 357)) return '';
  const prefix = readString(bytes, at + 345, 155);
  // oxlint-disable-next-line no-control-regex
  return /^[\x01-\x7f]*$/.test(prefix) ? prefix : '';
}

function isTime(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === 0 || parseNumeric(bytes, at, 12) !== undefined;
}

function readString(bytes: Buffer, at: number, length: number): ByteString {
  let end = at;
  while (end < at + length && bytes[end] !== 0) end += 1;
  return bytes.toString('latin1', at, end);
}

export function readNumber(bytes: Buffer, at: number, length: number, field: string): Int64 {
  const value = parseNumeric(bytes, at, length);
  if (value !== undefined) return value;
  const found = escapeBytes(bytes.toString('latin1', at, at + length));
  throw new DigestError('layer', `expected a number as ${field} of a tar header, found "${found}"`);
}
