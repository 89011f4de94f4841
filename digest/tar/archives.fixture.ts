import fc from 'fast-check';
import {
  base256,
  END,
  entry,
  type Format,
  type Header,
  header,
  long,
  padded,
  pax,
  record,
  ZERO_BLOCK,
} from './archive.fixture.ts';

/** Archives that are nearly right: each field, record, map and end has its own ways to be wrong. */

const INTEGERS = [
  0n,
  1n,
  -1n,
  -2n,
  511n,
  512n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 53n - 1n,
  2n ** 53n,
];
const EDGES = [2n ** 62n, 2n ** 63n - 1n, 2n ** 63n, -(2n ** 63n), -(2n ** 63n) - 1n, 2n ** 80n];
const ODD_FIELDS = [
  '',
  ' ',
  '\0',
  '8',
  '-1',
  '+1',
  '1 2',
  ' 17\0',
  '17 \0',
  '\0 17',
  '12\0zz',
  '0x1',
  '7_7',
];
const FORMATS: Format[] = ['v7', 'ustar', 'gnu', 'star'];
const TYPES = [
  '0',
  '\0',
  '1',
  '2',
  '3',
  '4',
  '5',
  '6',
  '7',
  'S',
  'g',
  'x',
  'L',
  'K',
  'D',
  'V',
  'Z',
  ' ',
];
const NAMES = [
  'a',
  'b',
  'd/',
  'd/f',
  '',
  '/',
  './',
  '../x',
  '/abs',
  '.wh.f',
  'a/../b',
  'é',
  '\xff\xfe',
  'a\nb',
  'n'.repeat(99),
  'n'.repeat(100),
  'n\0m',
];
const LONG_NAMES = [...NAMES, 'n'.repeat(101), 'n/'.repeat(200), ''];
const TIMES = ['0', '1.5', '-1.25', '.5', '1.', '1.x', '99999999999999999999', '+3'];

const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array).toString('latin1'));

const decimal = fc.oneof(
  { weight: 4, arbitrary: fc.nat(2000).map(String) },
  fc.constantFrom(...INTEGERS, ...EDGES).map(String),
  fc.constantFrom(
    '',
    '+7',
    '-0',
    '007',
    ' 1',
    '1 ',
    '1,2',
    '0x10',
    '1_0',
    '1e3',
    '٣',
    '9'.repeat(40),
    `${'0'.repeat(40)}5`,
  ),
);

function field(length: number, usual: fc.Arbitrary<number>): fc.Arbitrary<number | string> {
  return fc.oneof(
    { weight: 12, arbitrary: usual },
    fc.constantFrom(...INTEGERS, ...EDGES).map((value) => base256(value, length)),
    fc.constantFrom(...ODD_FIELDS, '7'.repeat(length)),
    bytes(length),
  );
}

const content = fc.oneof(
  fc.constant(''),
  fc.nat(1100).map((length) => 'content '.repeat(138).slice(0, length)),
);

const raw = fc.tuple(
  fc.constantFrom(0, 100, 156, 257, 263, 329, 345, 357, 386, 476, 482, 483, 508),
  fc.oneof(bytes(12), fc.constantFrom('ustar\0', 'ustar ', ' \0', 'tar\0', '00', 'tar')),
);

const optional = <T>(value: fc.Arbitrary<T>, oneIn = 4): fc.Arbitrary<T | undefined> =>
  fc.option(value, { freq: oneIn - 1, nil: undefined }).map((found) => found);

const rare = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.nat(19).chain((dice) => (dice === 0 ? value : fc.constant(undefined)));

const anyHeader: fc.Arbitrary<Header> = fc
  .record({
    format: fc.constantFrom(...FORMATS),
    type: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('0', '5') }, fc.constantFrom(...TYPES)),
    name: fc.oneof(fc.constantFrom(...NAMES), bytes(100)),
    prefix: rare(fc.oneof(fc.constantFrom('p', 'p/q', 'p'.repeat(155), '\xe9'), bytes(155))),
    link: optional(fc.constantFrom(...NAMES)),
    mode: field(8, fc.constantFrom(0, 0o644, 0o4755, 0o100644)),
    uid: field(8, fc.nat(70000)),
    gid: field(8, fc.nat(70000)),
    mtime: field(12, fc.nat()),
    major: optional(field(8, fc.nat(300))),
    minor: optional(field(8, fc.nat(300))),
    size: rare(field(12, fc.nat(1100))),
    raw: rare(fc.array(raw, { maxLength: 2 })),
    checksum: rare(fc.oneof(fc.constantFrom('signed', '', '0', '17777777'), bytes(8))),
  })
  .map(withoutUndefined);

function withoutUndefined(of: Record<string, unknown>): Header {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined));
}

const sparseRecords = fc.constantFrom(
  'name',
  'size',
  'realsize',
  'numblocks',
  'major',
  'minor',
  'map',
  'offset',
  'numbytes',
);

const paxRecord: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(
    fc.constantFrom('path', 'linkpath', 'uname', 'gname'),
    fc.oneof(fc.constantFrom(...LONG_NAMES), bytes(20)),
  ),
  fc.tuple(fc.constantFrom('uid', 'gid', 'size'), decimal),
  fc.tuple(
    fc.constantFrom('mtime', 'atime', 'ctime'),
    fc.oneof(fc.constantFrom(...TIMES), decimal),
  ),
  fc.tuple(
    fc.constantFrom(
      'SCHILY.xattr.user.a',
      'SCHILY.xattr.',
      'SCHILY.xattr.b=',
      'LIBARCHIVE.xattr.user.a',
      'comment',
      '',
    ),
    bytes(20),
  ),
  fc.tuple(
    sparseRecords.map((key) => `GNU.sparse.${key}`),
    fc.oneof(decimal, fc.constantFrom('0', '1', 'n')),
  ),
  fc.tuple(bytes(8), bytes(8)),
);

const brokenRecords = fc.constantFrom(
  '5 =\n',
  '5 k=\n',
  '6 k=1\n',
  '06 k=v\n',
  '4 =\n',
  '6 k=1 ',
  '60 k=1\n',
  '6 k-1\n',
  '+6 k=\n',
  '0 \n',
  '\0',
  '3 somelongkey=\n',
);

const extendedHeader: fc.Arbitrary<Buffer> = fc.oneof(
  fc.array(paxRecord, { maxLength: 4 }).map((records) => pax(records)),
  fc
    .tuple(fc.array(paxRecord, { maxLength: 2 }), brokenRecords, fc.boolean())
    .map(([records, broken, isFirst]) => {
      const text = records.map(([key, value]) => record(key, value)).join('');
      return entry({ type: 'x' }, isFirst ? broken + text : text + broken);
    }),
  fc
    .array(paxRecord, { maxLength: 2 })
    .map((records) => pax(records, { type: 'g', name: 'pax_global_header' })),
  fc
    .tuple(fc.constantFrom(...LONG_NAMES), fc.constantFrom('L', 'K'), fc.constantFrom(...FORMATS))
    .map(([name, type, format]) => long(name, { type, format })),
);

interface Fragments {
  readonly list: readonly (readonly [number, number])[];
  readonly size: number;
  readonly content: string;
}

/** Most fit: what does not comes from a fault in one number. */
const fragments: fc.Arbitrary<Fragments> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(600), fc.nat(300)), { maxLength: 30 }),
    fc.nat(600),
    rare(fc.tuple(fc.nat(60), fc.integer({ min: -3, max: 600 }))),
  )
  .map(([gaps, tail, fault]) => {
    let at = 0;
    const list = gaps.map(([gap, length]): [number, number] => {
      const offset = at + gap;
      at = offset + length;
      return [offset, length];
    });
    const stored = list.reduce((sum, [, length]) => sum + length, 0);
    const faulty = list.map((pair, i) =>
      pair.map((number, j) => (fault?.[0] === 2 * i + j ? fault[1] : number)),
    );
    return {
      list: faulty.map(([offset = 0, length = 0]) => [offset, length] as const),
      size: at + tail,
      content: 'sparse! '.repeat(1200).slice(0, stored),
    };
  });

const oldSparse = fc.tuple(anyHeader, fragments).map(([of, { list, size, content: stored }]) => {
  const words = list.map(([offset, length]) => field12(offset) + field12(length));
  const blocks: Buffer[] = [];
  for (let i = 4; i < words.length; i += 21) {
    const more = i + 21 < words.length ? '\x01' : '\0';
    blocks.push(
      padded(
        words
          .slice(i, i + 21)
          .join('')
          .padEnd(504, '\0') + more,
      ),
    );
  }
  const more = words.length > 4 ? '\x01' : '\0';
  const map = words.slice(0, 4).join('').padEnd(96, '\0') + more + field12(size);
  const main = header({
    ...of,
    format: 'gnu',
    type: 'S',
    size: stored.length,
    raw: [
      [345, '\0'.repeat(24)],
      [386, map],
    ],
  });
  return Buffer.concat([main, ...blocks, padded(stored)]);
});

const field12 = (value: number): string =>
  value < 0 ? base256(BigInt(value), 12) : value.toString(8).padStart(11, '0') + '\0';

const paxSparse = fc
  .tuple(
    anyHeader,
    fragments,
    fc.constantFrom('0.0', '0.1', '1.0', '0.1 guessed', '2.0'),
    fc.constantFrom('size', 'realsize'),
    fc.array(paxRecord, { maxLength: 1 }),
  )
  .map(([of, { list, size, content: stored }, version, sizeKey, more]) => {
    const records: [string, string][] = [
      ['GNU.sparse.name', 'sparse'],
      [`GNU.sparse.${sizeKey}`, String(size)],
    ];
    const numbers = list.flat();
    if (version !== '0.1 guessed') {
      records.push(
        ['GNU.sparse.major', version.slice(0, 1)],
        ['GNU.sparse.minor', version.slice(2)],
      );
    }
    let lines = '';
    if (version === '1.0')
      lines = padded([list.length, ...numbers].map((number) => `${number}\n`).join('')).toString(
        'latin1',
      );
    else records.push(['GNU.sparse.numblocks', String(list.length)]);
    if (version === '0.0')
      for (const [offset, length] of list)
        records.push(
          ['GNU.sparse.offset', String(offset)],
          ['GNU.sparse.numbytes', String(length)],
        );
    else if (version !== '1.0') records.push(['GNU.sparse.map', numbers.join(',')]);
    return Buffer.concat([pax([...records, ...more]), entry({ type: '0', ...of }, lines + stored)]);
  });

const ends = fc.oneof(
  { weight: 4, arbitrary: fc.constant(END) },
  fc
    .constantFrom('', '\0', 'x', '\0'.repeat(511), 'garbage '.repeat(64))
    .map((text) => Buffer.from(text)),
  fc.constantFrom(
    ZERO_BLOCK,
    Buffer.concat([ZERO_BLOCK, Buffer.alloc(512, 1)]),
    Buffer.concat([END, Buffer.alloc(700, 1)]),
    Buffer.concat([ZERO_BLOCK, Buffer.alloc(100)]),
  ),
);

const part: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anyHeader, content).map(([of, text]) => entry(of, text)) },
  { weight: 4, arbitrary: extendedHeader },
  { weight: 1, arbitrary: oldSparse },
  { weight: 2, arbitrary: paxSparse },
  { weight: 1, arbitrary: fc.constant(ZERO_BLOCK) },
);

const whole = fc
  .tuple(fc.array(part, { maxLength: 5 }), ends)
  .map(([parts, end]) => Buffer.concat([...parts, end]));

/** Some are cut, or have a byte changed. */
export const archives: fc.Arbitrary<Buffer> = fc
  .tuple(
    whole,
    rare(fc.double({ min: 0, max: 1, noNaN: true })),
    rare(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255))),
  )
  .map(([archive, cut, change]) => {
    const length = cut === undefined ? archive.length : Math.floor(cut * archive.length);
    const bytesOf = Buffer.from(archive.subarray(0, length));
    if (change !== undefined && length > 0)
      bytesOf[Math.floor(change[0] * (length - 1))] = change[1];
    return bytesOf;
  });
