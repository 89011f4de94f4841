import { base256, END, entry, type Header, header } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const two = (of: Header): Buffer[] => [
  entry({ ...of, name: 'small.txt', mode: 0o640, uid: 73025, gid: 5000 }, 'Kilts'),
  entry({ ...of, name: 'small2.txt', mode: 0o640, uid: 73025, gid: 5000 }, 'Google.com\n'),
  END,
];

const one = (of: Header): Buffer[] => [entry({ name: 'a', ...of }), END];

function ownChecksum(): Buffer {
  const block = header({ name: '\xff', checksum: 'signed' });
  block[155] = 0xff;
  return block;
}

export function formats(): Vectors {
  return {
    ustar: two({}),
    v7: two({ format: 'v7' }),
    gnu: two({ format: 'gnu' }),
    star: two({ format: 'star' }),
    'ustar-of-any-version': two({ prefix: 'p', raw: [[257, 'ustar\0zz']] }),
    'gnu-magic-with-another-version-is-v7': two({ prefix: 'p', raw: [[257, 'ustar  x']] }),
    'v7-has-no-prefix': one({ format: 'v7', prefix: 'p' }),
    'v7-has-no-devices': one({ format: 'v7', type: '3', raw: [[329, '0000007\0']] }),
    'star-prefix-is-shorter': one({
      format: 'star',
      prefix: 'p'.repeat(131),
      raw: [[476, '11111111111']],
    }),
    'star-atime-is-a-number': one({ format: 'star', raw: [[476, 'p'.repeat(12)]] }),
    'star-ctime-is-a-number': one({ format: 'star', raw: [[488, 'p']] }),
    'checksum-of-signed-bytes': one({ name: '\xff\xfe\x80', checksum: 'signed' }),
    'checksum-of-signed-bytes-is-not-of-its-own': [ownChecksum(), END],
    'checksum-of-unsigned-bytes': one({ name: '\xff\xfe\x80' }),
    'checksum-wrong': one({ checksum: '0000001\0' }),
    'checksum-empty': one({ checksum: '\0'.repeat(8) }),
    'checksum-in-base-256': one({ checksum: base256(4000n, 8) }),
    'checksum-with-garbage': one({ checksum: '00x000\0 ' }),
  };
}
