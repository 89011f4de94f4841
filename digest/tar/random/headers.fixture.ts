import fc from 'fast-check';
import { base256, type Format, type Header } from '#digest/tar/archive.fixture';
import { bytes, EDGES, INTEGERS, NAMES, ODD_FIELDS, rare } from './texts.fixture.ts';

export const FORMATS: Format[] = ['v7', 'ustar', 'gnu', 'star'];
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

function field(length: number, usual: fc.Arbitrary<number>): fc.Arbitrary<number | string> {
  return fc.oneof(
    { weight: 12, arbitrary: usual },
    fc.constantFrom(...INTEGERS, ...EDGES).map((value) => base256(value, length)),
    fc.constantFrom(...ODD_FIELDS, '7'.repeat(length)),
    bytes(length),
  );
}

const raw = fc.tuple(
  fc.constantFrom(0, 100, 156, 257, 263, 329, 345, 357, 386, 476, 482, 483, 508),
  fc.oneof(bytes(12), fc.constantFrom('ustar\0', 'ustar ', ' \0', 'tar\0', '00', 'tar')),
);

const optional = <T>(value: fc.Arbitrary<T>, oneIn = 4): fc.Arbitrary<T | undefined> =>
  fc.option(value, { freq: oneIn - 1, nil: undefined });

export const anyHeader: fc.Arbitrary<Header> = fc
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
