import { DigestError } from '#digest/errors';
import { quotePath } from '#digest/listing-path';
import type { HeaderBlock } from './header-block.ts';
import { readNumber } from './header-block.ts';
import type { PaxRecords } from './pax-records.ts';
import { SparseFile } from './sparse-file.ts';
import {
  addFragmentsOfRecords,
  OldSparseMap,
  type SparseMap,
  SparseMapOfLines,
} from './sparse-map.ts';
import {
  contentSize,
  decimalRecord,
  hasContent,
  OLD_SPARSE,
  type TarHeader,
} from './tar-header.ts';

export interface SparseHeader {
  /** With the file's own name and size. */
  readonly header: TarHeader;
  readonly file: SparseFile;
  /** What is still to be read of the map, if not all of it is known. */
  readonly map: SparseMap | undefined;
}

type PaxVersion = '0.x' | '1.0';

/**
 * @param stored the entry with its size in the archive
 * @param bytes in which the entry's header block is at `at`
 * @returns undefined if the entry is no sparse file
 * @throws {DigestError} `layer`, `too-large`, without saying where
 */
export function sparseHeader(
  stored: TarHeader,
  block: HeaderBlock,
  records: PaxRecords,
  bytes: Buffer,
  at: number,
): SparseHeader | undefined {
  if (block.typeFlag === OLD_SPARSE) return oldSparseHeader(stored, block, bytes, at);
  const version = records.isSparse ? paxVersion(records) : undefined;
  return version === undefined ? undefined : paxSparseHeader(stored, version, records);
}

function oldSparseHeader(
  stored: TarHeader,
  { format }: HeaderBlock,
  bytes: Buffer,
  at: number,
): SparseHeader {
  if (format !== 'gnu') {
    throw new DigestError('layer', `expected a sparse file in GNU's format, found ${format}`);
  }
  const size = contentSize(readNumber(bytes, at + 483, 12, 'realsize'));
  const file = new SparseFile(size);
  const map = new OldSparseMap(file);
  return { header: { ...stored, size }, file, map: map.header(bytes, at) ? undefined : map };
}

/** Versions that Go does not know are no sparse files to it. */
function paxVersion({ texts }: PaxRecords): PaxVersion | undefined {
  const major = texts.get('GNU.sparse.major') ?? '';
  const minor = texts.get('GNU.sparse.minor') ?? '';
  switch (`${major}.${minor}`) {
    case '0.0':
    case '0.1':
      return '0.x';
    case '1.0':
      return '1.0';
    case '.':
      return texts.get('GNU.sparse.map') ? '0.x' : undefined;
    default:
      return undefined;
  }
}

function paxSparseHeader(
  stored: TarHeader,
  version: PaxVersion,
  records: PaxRecords,
): SparseHeader {
  if (!hasContent(stored.typeFlag)) {
    throw new DigestError(
      'layer',
      `expected a sparse file, found the type "${stored.typeFlag}" that has no content`,
    );
  }
  const sizeKey = records.texts.get('GNU.sparse.size') ? 'GNU.sparse.size' : 'GNU.sparse.realsize';
  const size = contentSize(decimalRecord(records, sizeKey) ?? stored.size);
  const name = records.texts.get('GNU.sparse.name') || stored.name;
  // Linux has none in names: no engine can create it.
  if (name.includes('\0')) {
    throw new DigestError('layer', `expected a name without NUL, found ${quotePath(name)}`);
  }
  const header = { ...stored, name, size };
  const file = new SparseFile(size);
  if (version === '1.0') return { header, file, map: new SparseMapOfLines(file) };
  addFragmentsOfRecords(file, records);
  return { header, file, map: undefined };
}
