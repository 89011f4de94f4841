import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import { type LayerEntry, TypeFlag } from '#digest/layers/layer';
import { escapeBytes } from '#digest/listing-path';
import type { HeaderBlock } from './header-block.ts';
import { NO_RECORDS, type PaxRecords } from './pax-records.ts';
import { type Int64, lowest32, parseDecimal } from './tar-number.ts';

export type TarHeader = Omit<LayerEntry, 'sha256'>;

/** What the headers before an entry's own say of it. */
export class ExtendedHeaders {
  records: PaxRecords = NO_RECORDS;
  longName: ByteString = '';
  longLink: ByteString = '';
}

/** GNU tar's type of old sparse files. */
export const OLD_SPARSE = 'S';

/** Links, devices, directories and fifos have none: `1` to `6`. */
export function hasContent(typeFlag: string): boolean {
  return typeFlag < TypeFlag.hardLink || typeFlag > TypeFlag.fifo;
}

/**
 * What all headers of an entry say together, its size being that of the content in the archive: sparse-header.ts knows the rest.
 *
 * @throws {DigestError} `layer`, `too-large`, without saying where
 */
export function mergeHeaders(block: HeaderBlock, extended: ExtendedHeaders): TarHeader {
  const { texts, xattrs } = extended.records;
  // Of the block alone, too, and of the type that it has there.
  if (hasContent(block.typeFlag)) contentSize(block.size);
  if (texts.size > 0) verifyTimes(extended.records);
  const name = extended.longName || texts.get('path') || block.name;
  const typeFlag = block.typeFlag === '\0' ? typeOfName(name) : block.typeFlag;
  const size = decimalRecord(extended.records, 'size') ?? block.size;
  const uid = decimalRecord(extended.records, 'uid');
  const gid = decimalRecord(extended.records, 'gid');
  const isLink = typeFlag === TypeFlag.link || typeFlag === TypeFlag.hardLink;
  return {
    name,
    typeFlag,
    linkName: isLink ? extended.longLink || texts.get('linkpath') || block.linkName : '',
    mode: block.mode,
    uid: uid === undefined ? block.uid : lowest32(uid),
    gid: gid === undefined ? block.gid : lowest32(gid),
    major: block.major,
    minor: block.minor,
    isDeviceCut: block.isDeviceCut,
    size: hasContent(typeFlag) ? contentSize(size) : 0,
    xattrs,
  };
}

/**
 * A PAX global header, which Go returns as an entry. No engine makes use of its other records.
 *
 * @throws {DigestError} `layer`, without saying where
 */
export function globalHeader(block: HeaderBlock, records: PaxRecords): TarHeader {
  const path = records.texts.get('path') ?? '';
  if (path !== '') verifyNumbers(records);
  return {
    name: path || block.name,
    typeFlag: TypeFlag.global,
    linkName: '',
    mode: 0,
    uid: 0,
    gid: 0,
    major: 0,
    minor: 0,
    isDeviceCut: false,
    size: 0,
    xattrs: [],
  };
}

/** In a global header Go ignores a bad one, but takes the records in no order, and none after it. */
function verifyNumbers(records: PaxRecords): void {
  verifyTimes(records);
  for (const key of ['size', 'uid', 'gid']) decimalRecord(records, key);
}

/** Archives of old have no type of their own for directories. */
function typeOfName(name: ByteString): string {
  return name.endsWith('/') ? TypeFlag.dir : TypeFlag.file;
}

/** @throws {DigestError} `layer`, `too-large`, without saying where */
export function contentSize(size: Int64): number {
  if (size < 0) {
    throw new DigestError('layer', `expected a size of at least 0 in a tar header, found ${size}`);
  }
  if (typeof size === 'number') return size;
  throw new DigestError('too-large', `expected a size below 2^53 in a tar header, found ${size}`);
}

/** @returns undefined where there is no such record, or an empty one */
export function decimalRecord({ texts }: PaxRecords, key: string): Int64 | undefined {
  const text = texts.get(key) ?? '';
  if (text === '') return undefined;
  const value = parseDecimal(text);
  if (value === undefined) throw badRecord(key, text, 'a decimal number');
  return value;
}

const FRACTION = /^\.\d*$/;

function verifyTimes({ texts }: PaxRecords): void {
  for (const key of ['atime', 'ctime', 'mtime']) {
    const text = texts.get(key) ?? '';
    if (text !== '' && !isTime(text)) throw badRecord(key, text, 'a time');
  }
}

function isTime(text: string): boolean {
  const dot = text.indexOf('.');
  if (dot < 0) return parseDecimal(text) !== undefined;
  return parseDecimal(text.slice(0, dot)) !== undefined && FRACTION.test(text.slice(dot));
}

function badRecord(key: string, text: ByteString, expected: string): DigestError {
  const found = escapeBytes(text.slice(0, 64));
  return new DigestError('layer', `expected ${expected} as PAX record ${key}, found "${found}"`);
}
