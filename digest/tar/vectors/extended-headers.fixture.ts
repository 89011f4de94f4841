import { base256, END, entry, header, long, pax } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const path = (text: string): Buffer => pax([['path', text]]);

const longLink = (text: string): Buffer => long(text, { type: 'K' });

const global = (list: [string, string][]): Buffer =>
  pax(list, { type: 'g', name: 'PaxHeaders.0/x' });

export function extendedHeaders(): Vectors {
  const file = entry({ name: 'f' }, 'x');
  const link = entry({ name: 'f', type: '2', link: 'l' });
  return {
    'pax-last-header-counts': [
      pax([
        ['path', 'a'],
        ['linkpath', 'gone'],
        ['SCHILY.xattr.user.a', '1'],
      ]),
      path('b'),
      link,
      END,
    ],
    'pax-bad-numbers-in-a-header-that-does-not-count': [
      pax([
        ['uid', 'x'],
        ['mtime', 'x'],
      ]),
      path('b'),
      file,
      END,
    ],
    'pax-for-one-entry-only': [path('a'), file, file, END],
    'pax-in-any-format': [
      pax([['path', 'a']], { format: 'v7' }),
      entry({ format: 'gnu', name: 'f' }),
      END,
    ],
    'pax-content-ends-the-archive': [path('a')],
    'pax-content-is-cut': [path('a').subarray(0, 515)],
    'pax-of-nothing': [entry({ type: 'x' }), file, END],
    'pax-of-nothing-ends-the-archive': [entry({ type: 'x' })],
    'pax-before-the-end': [path('a'), END],
    'long-name-and-link': [long('n'.repeat(300)), longLink('l'.repeat(700)), link, END],
    'long-name-ends-at-nul': [long('0123456789\0garbage'), file, END],
    'long-name-last-counts': [long('a'), long('b'), longLink('c'), longLink('d'), link, END],
    'long-name-empty': [long('a'), long('\0'), file, END],
    'long-name-before-pax': [long('gnu'), path('pax'), file, END],
    'long-name-after-pax': [path('pax'), long('gnu'), file, END],
    'long-link-after-pax': [pax([['linkpath', 'pax']]), longLink('gnu'), link, END],
    'long-name-in-ustar': [long('a', { format: 'ustar' }), file, END],
    'long-name-without-entry': [long('a'), END],
    'long-name-negative': [header({ type: 'L', size: base256(-1n, 12) }), END],
    'global-header': [
      global([
        ['path', 'g/x'],
        ['uid', '7'],
        ['mtime', '1'],
      ]),
      file,
      END,
    ],
    'global-header-without-path': [
      global([
        ['uid', '7'],
        ['comment', 'x'],
      ]),
      file,
      END,
    ],
    'global-header-ends-what-stood-before': [
      path('a'),
      long('b'),
      global([['comment', 'x']]),
      file,
      END,
    ],
    'global-header-between-pax-and-entry': [
      path('a'),
      global([['path', 'g']]),
      path('c'),
      file,
      END,
    ],
    'global-header-with-bad-number': [global([['uid', 'x']]), file, END],
    'global-header-with-bad-record': [entry({ name: 'g', type: 'g' }, '6 k-1\n'), file, END],
    'global-header-before-the-end': [global([['path', 'g']]), END],
  };
}
