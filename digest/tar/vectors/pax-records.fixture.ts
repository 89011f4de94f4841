import { END, entry, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const RECORDS = [
  '6  k=\n',
  '',
  '6 k=1\n',
  '10 a=name\n',
  '9 a=name\n',
  '8 key1=\n',
  '18 foo=b=\nar=\n==\x00\n',
  '5 k=\n',
  '008 k=1\n',
  '+7 k=1\n',
];
const NOT_RECORDS = [
  '4 =\n',
  '5 =1\n',
  '6 =12\n',
  '3 somelongkey=\n',
  '50 tooshort=\n',
  '1 k=1\n',
  '6 k~1\n',
  '6_k=1\n',
  '6 k=1 ',
  '632 k=1\n',
  '06 k=v\n',
  '0 k=v\n',
  '-6 k=v\n',
  '+0000005 x=\n',
  ' 6 k=\n',
  '6 k=1\n\0',
  '\0',
  '\n',
  '6',
  '6 k=1',
  '17 \0hello=\0world\n',
  '9'.repeat(40),
];

export function paxRecords(): Vectors {
  const file = entry({ name: 'f' }, 'x');
  const link = entry({ name: 'f', type: '2', link: 'l' });
  const raw = (text: string): Buffer[] => [entry({ name: 'x', type: 'x' }, text), file, END];
  const records = (list: [string, string][], target = file): Buffer[] => [pax(list), target, END];
  return {
    ...Object.fromEntries(RECORDS.map((text) => [`pax-${JSON.stringify(text)}`, raw(text)])),
    ...Object.fromEntries(
      NOT_RECORDS.map((text) => [`pax-not-${JSON.stringify(text)}`, raw(text)]),
    ),
    'pax-path-and-linkpath': records(
      [
        ['path', 'p'.repeat(300)],
        ['linkpath', '\xff'.repeat(300)],
      ],
      link,
    ),
    'pax-of-bytes': records([
      ['path', '\xff\xfe'],
      ['SCHILY.xattr.user.\xff', '\xff\0\x01'],
    ]),
    'pax-nul-in-path': records([['path', 'a\0b']]),
    'pax-nul-in-linkpath': records([['linkpath', 'a\0']], link),
    'pax-nul-in-uname': records([['uname', '\0']]),
    'pax-nul-in-key': records([['SCHILY.xattr.user.a\0b', 'x']]),
    'pax-nul-in-value': records([
      ['comment', '\0'],
      ['SCHILY.xattr.security.selinux', 'label\0'],
    ]),
    'pax-empty-values-count-for-nothing': records(
      [
        ['path', ''],
        ['linkpath', ''],
        ['size', ''],
        ['uid', ''],
        ['mtime', ''],
        ['SCHILY.xattr.user.empty', ''],
      ],
      link,
    ),
    'pax-last-record-counts': records([
      ['path', 'a'],
      ['path', 'b'],
      ['SCHILY.xattr.user.a', '1'],
      ['SCHILY.xattr.user.a', '2'],
    ]),
    'pax-last-record-counts-though-empty': records([
      ['path', 'a'],
      ['path', ''],
    ]),
    'pax-xattrs': records([
      ['SCHILY.xattr.user.key', 'value'],
      ['SCHILY.xattr.', 'no name'],
      ['LIBARCHIVE.xattr.user.key', 'dmFsdWU'],
      ['schily.xattr.user.key', 'small'],
    ]),
  };
}
