import fc from 'fast-check';
import { entry, long, pax, record } from '#digest/tar/archive.fixture';
import { FORMATS } from './headers.fixture.ts';
import { bytes, decimal, LONG_NAMES, TIMES } from './texts.fixture.ts';

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

export const paxRecord: fc.Arbitrary<readonly [string, string]> = fc.oneof(
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

export const extendedHeader: fc.Arbitrary<Buffer> = fc.oneof(
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
