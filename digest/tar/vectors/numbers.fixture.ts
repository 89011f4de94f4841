import { base256, END, entry, type Header, header, padded, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const OCTAL = [
  '',
  ' ',
  '\0\0',
  '0000017\0',
  ' 000017\0',
  '000017\0 ',
  '\0 017\0 ',
  '17777777',
  '17\0 zz',
];
const NOT_OCTAL = ['8', '1 7', '-1', '+1', '0x1', '1_7', '17z', '00001.0', '\x7f'];
const BASE_256 = [
  0n,
  1n,
  2n ** 31n,
  2n ** 32n - 1n,
  2n ** 32n,
  2n ** 32n + 1n,
  2n ** 53n + 1n,
  2n ** 62n - 1n,
  -1n,
  -2n,
  -(2n ** 33n),
  -(2n ** 62n),
];

const uids = (fields: readonly string[]): Buffer[] => [
  ...fields.map((uid) => entry({ name: 'a', uid })),
  END,
];

const size = (field: string, of: Header = {}): Buffer[] => [
  header({ name: 'a', size: field, ...of }),
  END,
];

const one = (of: Header): Buffer[] => [entry({ name: 'a', ...of }), END];

/** In fields of eight bytes and of twelve. */
export function numbers(): Vectors {
  return {
    octal: uids(OCTAL),
    ...Object.fromEntries(
      NOT_OCTAL.map((uid) => [`octal-not-${JSON.stringify(uid)}`, uids([uid])]),
    ),
    'base-256': uids(BASE_256.map((uid) => base256(uid, 8))),
    'base-256-size': [entry({ name: 'a', size: base256(3n, 12) }, 'abc'), END],
    'base-256-size-negative': size(base256(-1n, 12)),
    'base-256-size-beyond-64-bits': size(base256(2n ** 63n, 12)),
    'base-256-size-below-64-bits': size(base256(-(2n ** 63n) - 1n, 12)),
    'base-256-greatest-mtime': one({ mtime: base256(2n ** 63n - 1n, 12) }),
    'base-256-least-mtime': one({ mtime: base256(-(2n ** 63n), 12) }),
    'base-256-mtime-beyond-64-bits': one({ mtime: base256(2n ** 63n, 12) }),
    'mtime-is-a-number': one({ mtime: 'yesterday' }),
    'mode-is-a-number': one({ mode: 'rw-r--' }),
    'devices-are-numbers': one({ major: 'x' }),
    devices: one({ type: '3', major: 0o7777777, minor: base256(2n ** 40n + 5n, 8) }),
    'mode-with-type-bits': one({ mode: 0o106755 }),
    'size-negative-of-a-directory': size(base256(-1n, 12), { type: '5' }),
    'size-negative-though-pax-has-one': [
      pax([['size', '1']]),
      header({ name: 'a', size: base256(-1n, 12) }),
      padded('x'),
      END,
    ],
    'size-beyond-2-to-the-53': size(base256(2n ** 53n, 12)),
  };
}
