import { END, entry, header, padded, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const IDS = [
  '0',
  '1000',
  '4294967295',
  '4294967296',
  '4294967297',
  '-1',
  '+5',
  '-0',
  '007',
  '9007199254740993',
  '9223372036854775807',
  '-9223372036854775808',
  `${'0'.repeat(30)}9`,
];
const NOT_IDS = [
  '9223372036854775808',
  '-9223372036854775809',
  ' 1',
  '1 ',
  '0x1',
  '1_0',
  '1.0',
  '-',
  '\xd9\xa3',
  '1\0',
  '1e3',
  '9'.repeat(40),
];
const TIMES = [
  '1350244992.023960108',
  '-1.9',
  '1.',
  '0.',
  '+1.5',
  '-0.1',
  '9223372036854775807',
  '1.0239601089999',
];
const NOT_TIMES = [
  '.5',
  '-',
  '+',
  '-1.-1',
  '1.2.3',
  '0.123abc',
  '9'.repeat(40),
  'foo',
  '\0',
  '1,5',
  '1e3',
  '9223372036854775808',
];

export function paxNumbers(): Vectors {
  const file = entry({ name: 'f' }, 'x');
  const directory = entry({ name: 'd', type: '5' });
  const one = (key: string, value: string, target = file): Buffer[] => [
    pax([[key, value]]),
    target,
    END,
  ];
  return {
    'pax-ids': [
      ...IDS.flatMap((id) => [
        pax([
          ['uid', id],
          ['gid', id],
        ]),
        file,
      ]),
      END,
    ],
    ...Object.fromEntries(
      NOT_IDS.map((id) => [`pax-id-not-${JSON.stringify(id)}`, one('gid', id)]),
    ),
    'pax-times': [
      ...TIMES.flatMap((time) => [
        pax([
          ['mtime', time],
          ['atime', time],
        ]),
        file,
      ]),
      END,
    ],
    ...Object.fromEntries(
      NOT_TIMES.map((time) => [`pax-time-not-${JSON.stringify(time)}`, one('ctime', time)]),
    ),
    'pax-size': [
      pax([['size', '000000999']]),
      header({ name: 'foo' }),
      padded('x'.repeat(999)),
      END,
    ],
    'pax-size-negative': one('size', '-1'),
    'pax-size-of-a-directory': one('size', '-1', directory),
    'pax-size-is-a-number': one('size', 'big', directory),
    'pax-size-beyond-the-archive': one('size', '9223372036854775807'),
  };
}
