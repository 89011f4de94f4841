import type { Entry } from '#digest/entry';
import { escapeBytes } from '#digest/listing-path';

/** What a listing says about an entry beside its path: field to value, in the listing's order and as it writes them. */
export function fieldsOf(entry: Entry | undefined): ReadonlyMap<string, string> {
  if (entry === undefined) return new Map();
  const fields = new Map<string, string>([['type', entry.kind]]);
  if (entry.kind !== 'link') fields.set('mode', entry.mode.toString(8).padStart(4, '0'));
  fields.set('uid', String(entry.uid)).set('gid', String(entry.gid));
  for (const [field, value] of contentOf(entry)) fields.set(field, value);
  for (const { name, value } of entry.xattrs) fields.set(name, value.toBase64());
  return fields;
}

function contentOf(entry: Entry): readonly (readonly [field: string, value: string])[] {
  switch (entry.kind) {
    case 'file':
      return [
        ['size', String(entry.size)],
        ['sha256digest', entry.sha256],
      ];
    case 'link':
      return [['link', escapeBytes(entry.target)]];
    case 'char':
    case 'block':
      return [['device', `native,${entry.major},${entry.minor}`]];
    case 'dir':
    case 'fifo':
      return [];
  }
}

const ORDER = ['type', 'mode', 'uid', 'gid', 'size', 'sha256digest', 'link', 'device'];

/** The order of {@link fieldsOf}, for fields of entries of two types. */
export function compareFieldNames(a: string, b: string): number {
  const order = rank(a) - rank(b);
  if (order !== 0) return order;
  return a < b ? -1 : Number(a > b);
}

/** Attributes come last, by their names. */
function rank(field: string): number {
  const at = ORDER.indexOf(field);
  return at === -1 ? ORDER.length : at;
}
