import { padded } from '#digest/tar/archive.fixture';
import { sparseFile } from './pax-sparse-files.fixture.ts';
import type { Vectors } from './vectors.fixture.ts';

const NOT_MAPS = [
  '',
  '1',
  'ab\n',
  '1\n2\n',
  '1\n2\n\n',
  '\n0\n',
  '-1\n',
  '1\n1\nx\n',
  '9223372036854775807\n',
  '4611686018427387904\n',
  '1\r\n1\r\n1\r\n',
  '\0\n',
  '1 \n1\n1\n',
];

const zeros = (length: number): string => '0'.repeat(length);

/** Version 1.0. */
export function sparseMapsOfLines(): Vectors {
  const records = [
    ['major', '1'],
    ['minor', '0'],
    ['name', 'real'],
    ['realsize', '10'],
  ] as const;
  const sparse = (map: string, content = ''): Buffer[] =>
    sparseFile(records, padded(map).toString('latin1') + content);
  return {
    'pax-sparse-1.0': sparse('2\n1\n2\n6\n3\n', 'abcde'),
    'pax-sparse-1.0-of-nothing': sparse('0\n'),
    'pax-sparse-1.0-garbage-behind-the-map': sparse(`0\n${'#'.repeat(510)}`),
    'pax-sparse-1.0-map-of-many-blocks': sparse(
      `${zeros(300)}1\n${zeros(1000)}5\n${zeros(800)}2\n`,
      'ab',
    ),
    'pax-sparse-1.0-map-fills-its-block': sparse(`${zeros(506)}1\n5\n2\n`, 'ab'),
    'pax-sparse-1.0-number-in-two-blocks': sparse(`${zeros(512)}1\n5\n1\n`, 'a'),
    'pax-sparse-1.0-with-signs': sparse('+1\n+1\n+2\n', 'ab'),
    'pax-sparse-1.0-map-in-half-a-block': sparseFile(records, '0\n'),
    'pax-sparse-1.0-last-block-of-the-map-is-short': sparseFile(records, `${zeros(600)}\n`),
    'pax-sparse-1.0-unreferenced-content': sparse('1\n1\n2\n', 'abc'),
    'pax-sparse-1.0-missing-content': sparse('1\n1\n2\n', 'a'),
    ...Object.fromEntries(
      NOT_MAPS.map((text) => [
        `pax-sparse-1.0-not-${JSON.stringify(text)}`,
        sparse(text.padEnd(3, '\0'), 'abc'),
      ]),
    ),
    'pax-sparse-1.0-wins-over-a-map': sparseFile(
      [...records, ['map', '0,1'], ['numblocks', '1']],
      `${padded('1\n1\n2\n').toString('latin1')}ab`,
    ),
    'pax-sparse-1.0-directory': sparseFile(records, '', { type: '5' }),
  };
}
