import { END, entry, type Header, long, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

type Records = readonly (readonly [string, string])[];

const NOT_MAPS = [
  '0,1,2',
  '0, 1,2,3',
  '0,one,2,3',
  '0,1,2,',
  ',,,',
  '0,1,2,3,4,5',
  '2,1,0,1',
  '0,3,2,1',
  '0,-1,2,3',
  '0,1,9223372036854775808,1',
  '0,1,9223372036854775807,9223372036854775807',
];

export function sparseFile(records: Records, content: string, of: Header = {}): Buffer[] {
  const full = records.map(([key, value]) => [`GNU.sparse.${key}`, value] as const);
  return [pax(full), entry({ name: 'f', ...of }, content), END];
}

const version = (minor: string): Records => [
  ['major', '0'],
  ['minor', minor],
];

const fragment = (offset: string, length: string): Records => [
  ['offset', offset],
  ['numbytes', length],
];

/** Versions 0.0 and 0.1. */
export function paxSparseFiles(): Vectors {
  const map = (text: string, blocks: string, more: Records = [['size', '10']]): Records => [
    ...more,
    ['numblocks', blocks],
    ['map', text],
  ];
  const ten: Records = [['size', '10']];
  return {
    'pax-sparse-0.0': sparseFile(
      [...ten, ['numblocks', '2'], ...fragment('1', '2'), ...fragment('6', '3')],
      'abcde',
    ),
    'pax-sparse-0.0-out-of-turn': sparseFile(
      [
        ['numblocks', '1'],
        ['numbytes', '2'],
        ['offset', '1'],
      ],
      'ab',
    ),
    'pax-sparse-0.0-with-comma': sparseFile(
      [...ten, ['numblocks', '1'], ...fragment('1,2', '2')],
      'ab',
    ),
    'pax-sparse-0.0-with-fragments-in-one': sparseFile(
      [...ten, ['numblocks', '2'], ...fragment('1,1,3', '1')],
      'ab',
    ),
    'pax-sparse-0.0-told': sparseFile(
      [...version('0'), ...ten, ['numblocks', '1'], ...fragment('1', '2')],
      'ab',
    ),
    'pax-sparse-0.0-half-a-fragment': sparseFile([...ten, ['numblocks', '1'], ['offset', '1']], ''),
    'pax-sparse-0.0-wins-over-a-map': sparseFile(
      [['map', '0,2'], ...ten, ['numblocks', '1'], ...fragment('1', '2'), ['map', '3,2']],
      'ab',
    ),
    'pax-sparse-0.1': sparseFile(
      [...version('1'), ['name', 'real'], ...map('1,2,6,3', '2')],
      'abcde',
    ),
    'pax-sparse-0.1-guessed': sparseFile(map('1,2,6,3', '2'), 'abcde'),
    'pax-sparse-0.1-realsize': sparseFile(map('0,1,02,3', '2', [['realsize', '21']]), 'abcd'),
    'pax-sparse-0.1-size-wins': sparseFile(
      map('1,2', '1', [
        ['realsize', '99'],
        ['size', '10'],
      ]),
      'ab',
    ),
    'pax-sparse-0.1-without-size': sparseFile(map('0,2,2,1', '2', []), 'abc'),
    'pax-sparse-0.1-of-nothing': sparseFile([...version('1'), ...map('', '0')], ''),
    'pax-sparse-0.1-without-map': sparseFile([...version('1'), ...ten], ''),
    'pax-sparse-0.1-size-negative': sparseFile(map('0,2', '1', [['size', '-1']]), 'ab'),
    'pax-sparse-0.1-size-is-a-number': sparseFile(map('0,2', '1', [['size', '1x']]), 'ab'),
    'pax-sparse-0.1-numblocks-4': sparseFile(map('0,1,2,3', '4'), 'abcd'),
    'pax-sparse-0.1-numblocks-is-a-number': sparseFile(map('0,1,2,3', '2\0'), 'abcd'),
    'pax-sparse-0.1-numblocks-of-63-bits': sparseFile(
      map('0,1,2,3', '9223372036854775807'),
      'abcd',
    ),
    'pax-sparse-0.1-numblocks-negative': sparseFile(map('0,1,2,3', '-2'), 'abcd'),
    ...Object.fromEntries(
      NOT_MAPS.map((text) => [`pax-sparse-0.1-not-${text}`, sparseFile(map(text, '2'), 'abcd')]),
    ),
    'pax-sparse-2.0-is-none': sparseFile(
      [
        ['major', '2'],
        ['minor', '0'],
        ['name', 'real'],
        ['map', '0,1'],
      ],
      'ab',
    ),
    'pax-sparse-major-alone-is-none': sparseFile(
      [
        ['major', '1'],
        ['name', 'real'],
      ],
      'ab',
    ),
    'pax-sparse-minor-alone-is-none': sparseFile(
      [
        ['minor', '0'],
        ['map', '0,1'],
      ],
      'ab',
    ),
    'pax-sparse-name-alone-is-none': sparseFile([['name', 'real'], ...ten], 'ab'),
    'pax-sparse-name-wins-over-long-name': [
      pax([
        ['path', 'p'],
        ['GNU.sparse.name', 'real'],
        ['GNU.sparse.map', '0,1'],
        ['GNU.sparse.numblocks', '1'],
      ]),
      long('gnu'),
      entry({ name: 'f' }, 'a'),
      END,
    ],
    'pax-sparse-directory': sparseFile(map('0,2', '1'), '', { type: '5' }),
    'pax-sparse-directory-of-nothing': sparseFile([...version('1'), ...map('', '0')], '', {
      type: '5',
    }),
    'pax-sparse-of-another-type': sparseFile(map('1,2', '1'), 'ab', { type: 'Z' }),
    'pax-sparse-hole-of-16-mebibytes': sparseFile(
      map('16777214,2', '1', [['size', '16777216']]),
      'ab',
    ),
  };
}
