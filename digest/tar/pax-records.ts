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

const SHORTEST_RECORD = 5;
const LONGEST_SHOWN = 64;

/** @throws {DigestError} `layer`, without saying where */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const texts = new Map<string, ByteString>();
  const xattrs = new Map<string, Uint8Array>();
  const fragments: ByteString[] = [];
  const all = bytes.toString('latin1');
  for (let at = 0; at < bytes.length; ) {
    const { key, valueAt, end } = parseRecord(all, at);
    // Not a slice of `all`: that would keep a megabyte for each name.
    const value = (): ByteString => bytes.toString('latin1', valueAt, end - 1);
    if (key === FRAGMENT.offset || key === FRAGMENT.length) {
      const expected = fragments.length % 2 === 0 ? FRAGMENT.offset : FRAGMENT.length;
      if (key !== expected || value().includes(',')) throw notARecord(all, at);
      fragments.push(value());
    } else if (KEPT.has(key)) {
      texts.set(key, value());
    } else if (key.startsWith(XATTR)) {
      const name = bytes.toString('latin1', valueAt - 1 - key.length + XATTR.length, valueAt - 1);
      xattrs.set(name, new Uint8Array(bytes.subarray(valueAt, end - 1)));
    }
    at = end;
  }
  if (fragments.length > 0) texts.set('GNU.sparse.map', fragments.join(','));
  return { texts, xattrs: Array.from(xattrs, ([name, value]) => ({ name, value })) };
}

interface PaxRecord {
  readonly key: ByteString;
  /** Up to the line feed before `end`. */
  readonly valueAt: number;
  /** Where the next record begins. */
  readonly end: number;
}

/** The length in front of a record counts itself and the line feed. */
function parseRecord(all: ByteString, at: number): PaxRecord {
  const space = all.indexOf(' ', at);
  const length = space < 0 ? undefined : parseDecimal(all.slice(at, space));
  if (typeof length !== 'number' || length < SHORTEST_RECORD) throw notARecord(all, at);
  const end = at + length;
  if (all[end - 1] !== '\n') throw notARecord(all, at);
  const record = all.slice(space + 1, end - 1);
  const equals = record.indexOf('=');
  if (equals <= 0) throw notARecord(all, at);
  const key = record.slice(0, equals);
  const text = STRINGS.has(key) ? record.slice(equals) : key;
  if (text.includes('\0')) throw notARecord(all, at);
  return { key, valueAt: space + 1 + equals + 1, end };
}

function notARecord(all: ByteString, at: number): DigestError {
  const found = escapeBytes(all.slice(at, at + LONGEST_SHOWN));
  return new DigestError(
    'layer',
    `expected a PAX record "LENGTH KEY=VALUE" and a line feed, found "${found}"`,
  );
}
