import { END, entry, header, ZERO_BLOCK } from '#digest/tar/archive.fixture';
import type { Vectors } from './vectors.fixture.ts';

export function ends(): Vectors {
  const file = entry({ name: 'f' }, 'x'.repeat(700));
  const garbage = Buffer.from('garbage '.repeat(64));
  const cut = (length: number): Buffer[] => [file.subarray(0, length)];
  return {
    'end-of-nothing': [],
    'end-in-a-header': cut(511),
    'end-behind-a-header': cut(512),
    'end-in-content': cut(1211),
    'end-behind-content': cut(1212),
    'end-in-padding': cut(1300),
    'end-behind-padding': [file],
    'end-in-the-next-header': [file, garbage.subarray(0, 1)],
    'end-at-garbage': [file, garbage],
    'end-in-a-zero-block': [file, ZERO_BLOCK.subarray(0, 100)],
    'end-behind-one-zero-block': [file, ZERO_BLOCK],
    'end-in-the-second-zero-block': [file, ZERO_BLOCK, ZERO_BLOCK.subarray(0, 1)],
    'end-at-garbage-behind-one-zero-block': [file, ZERO_BLOCK, garbage],
    'end-at-an-entry-behind-one-zero-block': [file, ZERO_BLOCK, file, END],
    'end-with-garbage-behind': [file, END, garbage],
    'end-with-an-entry-behind': [file, END, file, END],
    'end-with-many-zeros': [file, END, Buffer.alloc(10240)],
    'end-of-zero-blocks-alone': [END],
    'end-in-the-first-header': [header({ type: '5', name: 'd' }).subarray(0, 300)],
    'end-behind-an-empty-file': [entry({ name: 'a' })],
  };
}
