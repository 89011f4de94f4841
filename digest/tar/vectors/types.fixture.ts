import { END, entry, header, padded } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

const WITHOUT_CONTENT = ['1', '2', '3', '4', '5', '6'];
const WITH_CONTENT = ['0', '7', 'V', 'Z', 's', ' '];

export function types(): Vectors {
  return {
    'types-without-content': [
      ...WITHOUT_CONTENT.map((type) => header({ name: 'a', type, size: 600, link: 'b' })),
      END,
    ],
    'types-without-content-have-none': [
      header({ name: 'a', type: '1', link: 'b', size: 1 }),
      padded('x'),
      END,
    ],
    'types-with-content': [...WITH_CONTENT.map((type) => entry({ name: 'a', type }, 'x')), END],
    'type-directory-of-old-gnu': [
      entry({ format: 'gnu', name: 'd/', type: 'D' }, 'Yf\0Nf\0\0'),
      END,
    ],
  };
}
