import {
  base256,
  END,
  type Header,
  header,
  padded,
  pax,
  ZERO_BLOCK,
} from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

const words = (fragments: readonly (readonly [number, number])[]): string =>
  fragments.map(([offset, length]) => octal(offset) + octal(length)).join('');

const TEN = octal(10);

const main = (map: string, size: string, stored: number, more = '\0', of: Header = {}): Buffer =>
  header({
    format: 'gnu',
    type: 'S',
    name: 's',
    size: stored,
    raw: [[386, map.padEnd(96, '\0') + more + size]],
    ...of,
  });

const block = (map: string, more = '\0'): Buffer => padded(map.padEnd(504, '\0') + more);

const stored = (length: number): Buffer[] => [padded('0123456789'.repeat(9).slice(0, length)), END];

export function oldSparseFiles(): Vectors {
  const short = (map: string, length: number, size = TEN): Buffer[] => [
    main(map, size, length),
    ...stored(length),
  ];
  const empty = (format: Header['format']): Buffer[] => [
    main('', TEN, 0, '\0', { format: format ?? 'gnu' }),
    END,
  ];
  const pairs = Array.from({ length: 27 }, (_, i) => [3 * i + 1, 2] as const);
  return {
    'old-sparse': short(
      words([
        [1, 2],
        [6, 3],
      ]),
      5,
    ),
    'old-sparse-without-fragments': empty('gnu'),
    'old-sparse-of-nothing': short('', 0, octal(0)),
    'old-sparse-four': short(words(pairs.slice(0, 4)), 8, octal(20)),
    'old-sparse-extended': [
      main(words(pairs.slice(0, 4)), octal(100), 54, '\x01'),
      block(words(pairs.slice(4, 25)), '\x80'),
      block(words(pairs.slice(25))),
      ...stored(54),
    ],
    'old-sparse-extended-by-empty-blocks': [
      main('', octal(4), 0, '\x01'),
      block('', '\x01'),
      block(''),
      END,
    ],
    'old-sparse-map-ends-at-nul': short(`${words([[0, 1]])}\0lah`, 1),
    'old-sparse-map-is-cut': [
      main(words(pairs.slice(0, 4)), octal(100), 8, '\x01'),
      ZERO_BLOCK.subarray(1),
    ],
    'old-sparse-map-of-letters': short('fewa', 0),
    'old-sparse-size-is-a-number': short('', 0, '80'),
    'old-sparse-size-in-base-256': short(words([[1, 2]]), 2, base256(10n, 12)),
    'old-sparse-size-negative': short('', 0, base256(-1n, 12)),
    'old-sparse-in-ustar': empty('ustar'),
    'old-sparse-in-v7': empty('v7'),
    'old-sparse-in-star': empty('star'),
    'old-sparse-overlaps': short(
      words([
        [0, 3],
        [2, 3],
      ]),
      6,
    ),
    'old-sparse-backwards': short(
      words([
        [5, 1],
        [2, 1],
      ]),
      2,
    ),
    'old-sparse-backwards-behind-an-empty-fragment': short(
      words([
        [5, 0],
        [2, 1],
      ]),
      1,
    ),
    'old-sparse-empty-fragments': short(
      words([
        [0, 0],
        [1, 1],
        [10, 0],
      ]),
      1,
    ),
    'old-sparse-beyond-its-size': short(words([[5, 6]]), 6),
    'old-sparse-empty-fragment-beyond-its-size': short(words([[11, 0]]), 0),
    'old-sparse-fragment-negative': short(base256(-1n, 12) + octal(1), 1),
    'old-sparse-too-little-content': short(words([[0, 5]]), 4),
    'old-sparse-too-much-content': short(words([[0, 5]]), 6),
    'old-sparse-with-pax-names': [
      pax([
        ['path', 'p'],
        ['GNU.sparse.name', 'ignored'],
        ['GNU.sparse.map', '0,1'],
      ]),
      ...short(words([[1, 2]]), 2, octal(4)),
    ],
  };
}
