import fc from 'fast-check';
import { base256, entry, type Header, long, pax } from '#digest/tar/archive.fixture';

const letters = Array.from('abcxyz019._-');
const component = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 30 })
  .filter((name) => !/^\.+$/.test(name));
const path = fc.array(component, { minLength: 1, maxLength: 9 }).map((names) => names.join('/'));

const types = fc.constantFrom('0', '0', '0', '1', '2', '3', '4', '5', '6');
const modes = fc.integer({ min: 0, max: 0o7777 });
const ids = fc.oneof(fc.nat(0o7777777), fc.integer({ min: 0, max: 2 ** 31 - 1 }));

export interface Plain {
  readonly type: string;
  readonly name: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly major: number;
  readonly minor: number;
  readonly content: string;
}

export const plain: fc.Arbitrary<Plain> = fc.record({
  type: types,
  name: path,
  link: path,
  mode: modes,
  uid: ids,
  gid: ids,
  major: fc.nat(4095),
  minor: fc.nat(65535),
  content: fc.nat(1500).map((length) => 'content '.repeat(190).slice(0, length)),
});

export type Form = (of: Plain) => Buffer;

const idField = (id: number): number | string => (id > 0o7777777 ? base256(BigInt(id), 8) : id);

export function numbered(of: Plain): Header {
  const { name, type, mode, major, minor } = of;
  const isDevice = type === '3' || type === '4';
  return {
    name: type === '5' ? `${name}/` : name,
    type,
    link: type === '1' || type === '2' ? of.link : '',
    mode,
    uid: idField(of.uid),
    gid: idField(of.gid),
    ...(isDevice ? { major, minor } : {}),
  };
}

const contentOf = ({ type, content }: Plain): string => (type === '0' ? content : '');

export const inGnu: Form = (of) => {
  const header = numbered(of);
  const { name = '', link = '' } = header;
  const parts = [
    entry(
      { ...header, format: 'gnu', name: name.slice(0, 100), link: link.slice(0, 100) },
      contentOf(of),
    ),
  ];
  if (link.length > 100) parts.unshift(long(`${link}\0`, { type: 'K' }));
  if (name.length > 100) parts.unshift(long(`${name}\0`));
  return Buffer.concat(parts);
};

export const inPax: Form = (of) => {
  const header = numbered(of);
  const { name = '', link = '' } = header;
  const records = [
    ['path', name],
    ['uid', String(of.uid)],
    ['gid', String(of.gid)],
    ['mtime', '1.5'],
  ] as [string, string][];
  if (link !== '') records.push(['linkpath', link]);
  if (of.type === '0') records.push(['size', String(of.content.length)]);
  const short = { ...header, name: 'short', link: link.slice(0, 100), uid: 0, gid: 0 };
  return Buffer.concat([pax(records), entry(short, contentOf(of))]);
};

/** Where name and ids fit; else as PAX. */
export const inUstar: Form = (of) => {
  const header = numbered(of);
  const { name = '', link = '' } = header;
  const slash = name.indexOf('/', Math.max(0, name.length - 101));
  const fits = of.uid <= 0o7777777 && of.gid <= 0o7777777 && link.length <= 100;
  if (!fits || (name.length > 100 && (slash < 0 || slash > 155 || slash === name.length - 1)))
    return inPax(of);
  const split =
    name.length > 100 ? { prefix: name.slice(0, slash), name: name.slice(slash + 1) } : {};
  return entry({ ...header, ...split }, contentOf(of));
};
