import fc from 'fast-check';
import { base256, entry, header, padded, pax } from '#digest/tar/archive.fixture';
import { paxRecord } from './extended-headers.fixture.ts';
import { anyHeader } from './headers.fixture.ts';
import { rare } from './texts.fixture.ts';

interface Fragments {
  readonly list: readonly (readonly [number, number])[];
  readonly size: number;
  readonly content: string;
}

/** Most fit: what does not comes from a fault in one number. */
const fragments: fc.Arbitrary<Fragments> = fc
  .tuple(
    fc.array(fc.tuple(fc.nat(600), fc.nat(300)), { maxLength: 30 }),
    fc.nat(600),
    rare(fc.tuple(fc.nat(60), fc.integer({ min: -3, max: 600 }))),
  )
  .map(([gaps, tail, fault]) => {
    let at = 0;
    const list = gaps.map(([gap, length]): [number, number] => {
      const offset = at + gap;
      at = offset + length;
      return [offset, length];
    });
    const stored = list.reduce((sum, [, length]) => sum + length, 0);
    const faulty = list.map((pair, i) =>
      pair.map((number, j) => (fault?.[0] === 2 * i + j ? fault[1] : number)),
    );
    return {
      list: faulty.map(([offset = 0, length = 0]) => [offset, length] as const),
      size: at + tail,
      content: 'sparse! '.repeat(1200).slice(0, stored),
    };
  });

export const oldSparse: fc.Arbitrary<Buffer> = fc
  .tuple(anyHeader, fragments)
  .map(([of, { list, size, content: stored }]) => {
    const words = list.map(([offset, length]) => field12(offset) + field12(length));
    const blocks: Buffer[] = [];
    for (let i = 4; i < words.length; i += 21) {
      const more = i + 21 < words.length ? '\x01' : '\0';
      blocks.push(
        padded(
          words
            .slice(i, i + 21)
            .join('')
            .padEnd(504, '\0') + more,
        ),
      );
    }
    const more = words.length > 4 ? '\x01' : '\0';
    const map = words.slice(0, 4).join('').padEnd(96, '\0') + more + field12(size);
    const main = header({
      ...of,
      format: 'gnu',
      type: 'S',
      size: stored.length,
      raw: [
        [345, '\0'.repeat(24)],
        [386, map],
      ],
    });
    return Buffer.concat([main, ...blocks, padded(stored)]);
  });

const field12 = (value: number): string =>
  value < 0 ? base256(BigInt(value), 12) : value.toString(8).padStart(11, '0') + '\0';

export const paxSparse: fc.Arbitrary<Buffer> = fc
  .tuple(
    anyHeader,
    fragments,
    fc.constantFrom('0.0', '0.1', '1.0', '0.1 guessed', '2.0'),
    fc.constantFrom('size', 'realsize'),
    fc.array(paxRecord, { maxLength: 1 }),
  )
  .map(([of, { list, size, content: stored }, version, sizeKey, more]) => {
    const records: [string, string][] = [
      ['GNU.sparse.name', 'sparse'],
      [`GNU.sparse.${sizeKey}`, String(size)],
    ];
    const numbers = list.flat();
    if (version !== '0.1 guessed') {
      records.push(
        ['GNU.sparse.major', version.slice(0, 1)],
        ['GNU.sparse.minor', version.slice(2)],
      );
    }
    let lines = '';
    if (version === '1.0')
      lines = padded([list.length, ...numbers].map((number) => `${number}\n`).join('')).toString(
        'latin1',
      );
    else records.push(['GNU.sparse.numblocks', String(list.length)]);
    if (version === '0.0')
      for (const [offset, length] of list)
        records.push(
          ['GNU.sparse.offset', String(offset)],
          ['GNU.sparse.numbytes', String(length)],
        );
    else if (version !== '1.0') records.push(['GNU.sparse.map', numbers.join(',')]);
    return Buffer.concat([pax([...records, ...more]), entry({ type: '0', ...of }, lines + stored)]);
  });
