import fc from 'fast-check';

/** What stands in fields and records, and the ways in which it can be wrong. */

export const INTEGERS: readonly bigint[] = [
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
export const EDGES: readonly bigint[] = [
  2n ** 62n,
  2n ** 63n - 1n,
  2n ** 63n,
  -(2n ** 63n),
  -(2n ** 63n) - 1n,
  2n ** 80n,
];
export const ODD_FIELDS: readonly string[] = [
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

export const NAMES: readonly string[] = [
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
export const LONG_NAMES: readonly string[] = [...NAMES, 'n'.repeat(101), 'n/'.repeat(200), ''];
export const TIMES: readonly string[] = [
  '0',
  '1.5',
  '-1.25',
  '.5',
  '1.',
  '1.x',
  '99999999999999999999',
  '+3',
];

export const bytes = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((array) => Buffer.from(array).toString('latin1'));

export const decimal: fc.Arbitrary<string> = fc.oneof(
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

/** One in twenty. */
export const rare = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.nat(19).chain((dice) => (dice === 0 ? value : fc.constant(undefined)));
