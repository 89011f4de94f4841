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
  /** Whether any key begins with `GNU.sparse.` */
  readonly isSparse: boolean;
}

export const NO_RECORDS: PaxRecords = { texts: new Map(), xattrs: [], isSparse: false };

type Kind = 'string' | 'string that nobody uses' | 'number' | 'sparse' | 'fragment';

const OFFSET = 'GNU.sparse.offset';
const LENGTH = 'GNU.sparse.numbytes';
const MAP = 'GNU.sparse.map';
const XATTR = 'SCHILY.xattr.';

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['path', 'string'],
  ['linkpath', 'string'],
  ['uname', 'string that nobody uses'],
  ['gname', 'string that nobody uses'],
  ['size', 'number'],
  ['uid', 'number'],
  ['gid', 'number'],
  ['atime', 'number'],
  ['ctime', 'number'],
  ['mtime', 'number'],
  ['GNU.sparse.name', 'sparse'],
  ['GNU.sparse.numblocks', 'sparse'],
  ['GNU.sparse.size', 'sparse'],
  ['GNU.sparse.realsize', 'sparse'],
  ['GNU.sparse.major', 'sparse'],
  ['GNU.sparse.minor', 'sparse'],
  [MAP, 'sparse'],
  [OFFSET, 'fragment'],
  [LENGTH, 'fragment'],
]);

const SHORTEST_RECORD = 5;
const LONGEST_SHOWN = 64;

/** @throws {DigestError} `layer`, without saying where */
export function parsePaxRecords(bytes: Buffer): PaxRecords {
  const texts = new Map<string, ByteString>();
  const xattrs = new Map<string, Uint8Array>();
  const fragments: ByteString[] = [];
  let isSparse = false;
  const all = bytes.toString('latin1');
  for (let at = 0; at < all.length; ) {
    const { key, kind, valueAt, end } = parseRecord(all, at);
    if (kind === 'fragment') {
      const value = bytes.toString('latin1', valueAt, end - 1);
      const expected = fragments.length % 2 === 0 ? OFFSET : LENGTH;
      if (key !== expected || value.includes(',')) throw notARecord(all, at);
      fragments.push(value);
    } else if (kind === undefined && key.startsWith(XATTR)) {
      const name = bytes.toString('latin1', valueAt - 1 - key.length + XATTR.length, valueAt - 1);
      xattrs.set(name, new Uint8Array(bytes.subarray(valueAt, end - 1)));
    } else if (kind !== undefined && kind !== 'string that nobody uses') {
      // Not a slice of `all`: that would keep a megabyte for each name.
      texts.set(key, bytes.toString('latin1', valueAt, end - 1));
      isSparse ||= kind === 'sparse';
    }
    at = end;
  }
  if (fragments.length > 0) {
    texts.set(MAP, fragments.join(','));
    isSparse = true;
  }
  return { texts, xattrs: listXattrs(xattrs), isSparse };
}

function listXattrs(xattrs: ReadonlyMap<string, Uint8Array>): readonly LayerXattr[] {
  return xattrs.size === 0 ? [] : Array.from(xattrs, ([name, value]) => ({ name, value }));
}

interface PaxRecord {
  readonly key: ByteString;
  readonly kind: Kind | undefined;
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
  const kind = KINDS.get(key);
  const isString = kind === 'string' || kind === 'string that nobody uses';
  const withoutNul = isString ? record : key;
  if (withoutNul.includes('\0')) throw notARecord(all, at);
  return { key, kind, valueAt: space + 1 + equals + 1, end };
}

function notARecord(all: ByteString, at: number): DigestError {
  const found = escapeBytes(all.slice(at, at + LONGEST_SHOWN));
  return new DigestError(
    'layer',
    `expected a PAX record "LENGTH KEY=VALUE" and a line feed, found "${found}"`,
  );
}
