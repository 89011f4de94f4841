import fc from 'fast-check';
import { END, entry, ZERO_BLOCK } from '#digest/tar/archive.fixture';
import { extendedHeader } from './extended-headers.fixture.ts';
import { anyHeader } from './headers.fixture.ts';
import { oldSparse, paxSparse } from './sparse-files.fixture.ts';
import { rare } from './texts.fixture.ts';

const content = fc.oneof(
  fc.constant(''),
  fc.nat(1100).map((length) => 'content '.repeat(138).slice(0, length)),
);

const ends = fc.oneof(
  { weight: 4, arbitrary: fc.constant(END) },
  fc
    .constantFrom('', '\0', 'x', '\0'.repeat(511), 'garbage '.repeat(64))
    .map((text) => Buffer.from(text)),
  fc.constantFrom(
    ZERO_BLOCK,
    Buffer.concat([ZERO_BLOCK, Buffer.alloc(512, 1)]),
    Buffer.concat([END, Buffer.alloc(700, 1)]),
    Buffer.concat([ZERO_BLOCK, Buffer.alloc(100)]),
  ),
);

const part: fc.Arbitrary<Buffer> = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(anyHeader, content).map(([of, text]) => entry(of, text)) },
  { weight: 4, arbitrary: extendedHeader },
  { weight: 1, arbitrary: oldSparse },
  { weight: 2, arbitrary: paxSparse },
  { weight: 1, arbitrary: fc.constant(ZERO_BLOCK) },
);

const whole = fc
  .tuple(fc.array(part, { maxLength: 5 }), ends)
  .map(([parts, end]) => Buffer.concat([...parts, end]));

/** Nearly right: each field, record, map and end has its own ways to be wrong; some are cut, or have a byte changed. */
export const archives: fc.Arbitrary<Buffer> = fc
  .tuple(
    whole,
    rare(fc.double({ min: 0, max: 1, noNaN: true })),
    rare(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255))),
  )
  .map(([archive, cut, change]) => {
    const length = cut === undefined ? archive.length : Math.floor(cut * archive.length);
    const bytesOf = Buffer.from(archive.subarray(0, length));
    if (change !== undefined && length > 0)
      bytesOf[Math.floor(change[0] * (length - 1))] = change[1];
    return bytesOf;
  });
