import { base256, END, entry, type Header, long, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const one = (of: Header): Buffer[] => [entry(of), END];

export function names(): Vectors {
  const inGnu = (prefix: string, more: Header = {}): Buffer[] =>
    one({ format: 'gnu', name: 'foo', prefix, ...more });
  return {
    'name-fills-its-field': one({ name: 'n'.repeat(100), type: '2', link: 'l'.repeat(100) }),
    'name-with-prefix': one({ name: 'b', prefix: 'p'.repeat(155) }),
    'name-of-bytes': one({ name: '\xff\xfe/\xe9' }),
    'name-empty': one({ name: '' }),
    'name-empty-with-prefix': one({ name: '', prefix: 'd' }),
    'name-ends-at-nul': one({ name: 'a\0b', link: 'c\0d', type: '2' }),
    'name-with-dots': [entry({ name: '../../etc/passwd' }), entry({ name: '/abs' }), END],
    'prefix-in-gnu-by-old-go': inGnu('a'.repeat(100), { uid: base256(0o10000000n, 8) }),
    'prefix-in-gnu-not-ascii': inGnu('\xe9'.repeat(20)),
    'prefix-in-gnu-that-could-be-times': inGnu('1234567'),
    'prefix-in-gnu-that-only-begins-as-a-time': inGnu('123456701234/abc'),
    'gnu-times-of-which-one-is-absent': inGnu('', { raw: [[345, '12345670123\0\0zz']] }),
    'gnu-times': inGnu('', { raw: [[345, '12345670123\x0012345670123\0']] }),
    'link-of-a-file-is-nothing': one({ name: 'a', link: 'b' }),
    'trailing-slash-of-old-is-a-directory': one({ name: 'd/', type: '\0' }),
    'trailing-slash-of-old-with-size': one({ name: 'd/', type: '\0', size: 600 }),
    'trailing-slash-of-a-file': [entry({ name: 'd/' }, 'x'), END],
    'no-slash-of-old-is-a-file': [entry({ name: 'f', type: '\0' }, 'x'), END],
    'trailing-slash-in-pax-path': [pax([['path', 'd/']]), ...one({ name: 'f', type: '\0' })],
    'trailing-slash-hidden-by-long-name': [long('f'), entry({ name: 'd/', type: '\0' }, 'x'), END],
  };
}
