import fc from 'fast-check';
import { base256, END, entry, type Header, long, padded, pax } from './archive.fixture.ts';

/** Archives that nobody reads in another way: every entry is what its header says, in one of the forms that GNU tar writes. */

const BLOCK = 512;
const letters = Array.from('abcxyz019._-');
const component = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 30 })
  .filter((name) => !/^\.+$/.test(name));
const path = fc.array(component, { minLength: 1, maxLength: 9 }).map((names) => names.join('/'));

const types = fc.constantFrom('0', '0', '0', '1', '2', '3', '4', '5', '6');
const modes = fc.integer({ min: 0, max: 0o7777 });
const ids = fc.oneof(fc.nat(0o7777777), fc.integer({ min: 0, max: 2 ** 31 - 1 }));

interface Plain {
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

const plain: fc.Arbitrary<Plain> = fc.record({
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

type Form = (of: Plain) => Buffer;

const idField = (id: number): number | string => (id > 0o7777777 ? base256(BigInt(id), 8) : id);

function numbered(of: Plain): Header {
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

const inGnu: Form = (of) => {
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

const inPax: Form = (of) => {
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
const inUstar: Form = (of) => {
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

/** GNU tar takes only fragments of whole blocks. */
const fragments = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 2 })), {
  minLength: 1,
  maxLength: 8,
});

const sparse = fc
  .tuple(plain, fragments, fc.constantFrom('0.0', '0.1', '1.0', 'old'))
  .map(([of, gaps, version]) => {
    let at = 0;
    const list = gaps.map(([gap, length]): [number, number] => {
      const offset = at + gap * BLOCK;
      at = offset + length * BLOCK;
      return [offset, length * BLOCK];
    });
    const content = 'sparse! '.repeat(list.reduce((sum, [, length]) => sum + length, 0) / 8);
    const header = { ...numbered({ ...of, type: '0' }), name: 'sparse' };
    return version === 'old'
      ? oldSparse(header, list, at, content)
      : paxSparse(header, version, list, at, content);
  });

type List = readonly (readonly [number, number])[];

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

function oldSparse(of: Header, list: List, size: number, content: string): Buffer {
  const words = list.map(([offset, length]) => octal(offset) + octal(length));
  const map = words.slice(0, 4).join('').padEnd(96, '\0') + (words.length > 4 ? '\x01' : '\0');
  const header = entry({
    ...of,
    format: 'gnu',
    type: 'S',
    size: content.length,
    raw: [[386, map + octal(size)]],
  });
  const more =
    words.length > 4 ? padded(words.slice(4).join('').padEnd(505, '\0')) : Buffer.alloc(0);
  return Buffer.concat([header, more, padded(content)]);
}

function paxSparse(of: Header, version: string, list: List, size: number, content: string): Buffer {
  const numbers = list.flat();
  const records: [string, string][] = [];
  let map = '';
  if (version === '1.0') {
    records.push(['major', '1'], ['minor', '0'], ['realsize', String(size)]);
    map = padded([list.length, ...numbers].map((number) => `${number}\n`).join('')).toString(
      'latin1',
    );
  } else {
    records.push(['size', String(size)], ['numblocks', String(list.length)]);
  }
  if (version === '0.0') {
    for (const [offset, length] of list)
      records.push(['offset', String(offset)], ['numbytes', String(length)]);
  }
  if (version === '0.1') records.push(['map', numbers.join(',')]);
  if (version !== '0.0') records.push(['name', 'sparse']);
  return Buffer.concat([
    pax(records.map(([key, value]) => [`GNU.sparse.${key}`, value])),
    entry(of, map + content),
  ]);
}

const part = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(inGnu, inPax, inUstar), plain)
      .map(([form, of]) => form(of)),
  },
  { weight: 1, arbitrary: sparse },
);

export const plainArchives: fc.Arbitrary<Buffer> = fc
  .array(part, { maxLength: 12 })
  .map((parts) => Buffer.concat([...parts, END]));
