import type { ByteString } from '#digest/entry';
import { DigestError } from '#digest/errors';
import type { LayerXattr } from '#digest/layers/layer';
import { escapeBytes } from '#digest/listing-path';
import { parseDecimal } from './tar-number.ts';

/** The records of a PAX extended header that count: nothing is known of the entry that they are for. */
export interface PaxRecords {
  /** By key, the last of each. Those of sparse format 0.0 are a `GNU.sparse.map`, as in 0.1. */
  readonly texts: ReadonlyMap<string, ByteString>;
  readonly xattrs: readonly LayerXattr[];
}

export const NO_RECORDS: PaxRecords = { texts: new Map(), xattrs: [] };

const XATTR = 'SCHILY.xattr.';
const STRINGS = new Set(['path', 'linkpath', 'uname', 'gname']);
const KEPT = new Set([
  'path',
  'linkpath',
  'size',
  'uid',
  'gid',
  'atime',
  'ctime',
  'mtime',
  'GNU.sparse.name',
  'GNU.sparse.map',
  'GNU.sparse.numblocks',
  'GNU.sparse.size',
  'GNU.sparse.realsize',
  'GNU.sparse.major',
  'GNU.sparse.minor',
]);
/** Of format 0.0, one for each fragment, in turn. */
const FRAGMENT = { offset: 'GNU.sparse.offset', length: 'GNU.sparse.numbytes' };

const SPACE = 0x20;
const EQUALS = 0x3d;
const LINE_FEED = 0x0a;
const SHORTEST_RECORD = 5;
const LONGEST_SHOWN = 64;

/** @throws {DigestError} `layer`, without saying where */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const texts = new Map<string, ByteString>();
  const xattrs = new Map<string, Uint8Array>();
  const fragments: ByteString[] = [];
  for (let at = 0; at < bytes.length; ) {
    const { key, value, end } = parseRecord(bytes, at);
    if (key === FRAGMENT.offset || key === FRAGMENT.length) {
      const expected = fragments.length % 2 === 0 ? FRAGMENT.offset : FRAGMENT.length;
      if (key !== expected || value.includes(',')) throw notARecord(bytes, at);
      fragments.push(value.toString('latin1'));
    } else if (KEPT.has(key)) {
      texts.set(key, value.toString('latin1'));
    } else if (key.startsWith(XATTR)) {
      xattrs.set(key.slice(XATTR.length), new Uint8Array(value));
    }
    at = end;
  }
  if (fragments.length > 0) texts.set('GNU.sparse.map', fragments.join(','));
  return { texts, xattrs: Array.from(xattrs, ([name, value]) => ({ name, value })) };
}

interface PaxRecord {
  readonly key: ByteString;
  readonly value: Buffer;
  /** Where the next record begins. */
  readonly end: number;
}

/** The length in front of a record counts itself and the line feed. */
function parseRecord(bytes: Buffer, at: number): PaxRecord {
  const space = bytes.indexOf(SPACE, at);
  const length = space < 0 ? undefined : parseDecimal(bytes.toString('latin1', at, space));
  if (typeof length !== 'number' || length < SHORTEST_RECORD) throw notARecord(bytes, at);
  const end = at + length;
  if (end > bytes.length || end - 1 <= space || bytes[end - 1] !== LINE_FEED) {
    throw notARecord(bytes, at);
  }
  const record = bytes.subarray(space + 1, end - 1);
  const equals = record.indexOf(EQUALS);
  if (equals <= 0) throw notARecord(bytes, at);
  const key = record.toString('latin1', 0, equals);
  const value = record.subarray(equals + 1);
  if (STRINGS.has(key) ? value.includes(0) : key.includes('\0')) throw notARecord(bytes, at);
  return { key, value, end };
}

function notARecord(bytes: Buffer, at: number): DigestError {
  const found = escapeBytes(
    bytes.toString('latin1', at, Math.min(bytes.length, at + LONGEST_SHOWN)),
  );
  return new DigestError(
    'layer',
    `expected a PAX record "LENGTH KEY=VALUE" and a line feed, found "${found}"`,
  );
}
