import fc from 'fast-check';
import { END } from '#digest/tar/archive.fixture';
import { inGnu, inPax, inUstar, plain } from './plain-entries.fixture.ts';
import { plainSparse } from './plain-sparse-files.fixture.ts';

const part = fc.oneof(
  {
    weight: 3,
    arbitrary: fc
      .tuple(fc.constantFrom(inGnu, inPax, inUstar), plain)
      .map(([form, of]) => form(of)),
  },
  { weight: 1, arbitrary: plainSparse },
);

/** Nobody reads them in another way: every entry is what its header says, in one of the forms that GNU tar writes. */
export const plainArchives: fc.Arbitrary<Buffer> = fc
  .array(part, { maxLength: 12 })
  .map((parts) => Buffer.concat([...parts, END]));
