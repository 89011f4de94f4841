import fc from 'fast-check';
import { entry, type Header, padded, pax } from '#digest/tar/archive.fixture';
import { numbered, plain } from './plain-entries.fixture.ts';

const BLOCK = 512;

/** GNU tar takes only fragments of whole blocks. */
const fragments = fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 2 })), {
  minLength: 1,
  maxLength: 8,
});

export const plainSparse: fc.Arbitrary<Buffer> = fc
  .tuple(plain, fragments, fc.constantFrom('0.0', '0.1', '1.0', 'old'))
  .map(([of, gaps, version]) => {
    let at = 0;
    const list = gaps.map(([gap, length]): [number, number] => {
      const offset = at + gap * BLOCK;
      at = offset + length * BLOCK;
      return [offset, length * BLOCK];
    });
    const content = 'sparse! '.repeat(list.reduce((sum, [, length]) => sum + length, 0) / 8);
    const header = { ...numbered({ ...of, type: '0' }), name: 'sparse' };
    return version === 'old'
      ? oldSparse(header, list, at, content)
      : paxSparse(header, version, list, at, content);
  });

type List = readonly (readonly [number, number])[];

const octal = (value: number): string => `${value.toString(8).padStart(11, '0')}\0`;

function oldSparse(of: Header, list: List, size: number, content: string): Buffer {
  const words = list.map(([offset, length]) => octal(offset) + octal(length));
  const map = words.slice(0, 4).join('').padEnd(96, '\0') + (words.length > 4 ? '\x01' : '\0');
  const header = entry({
    ...of,
    format: 'gnu',
    type: 'S',
    size: content.length,
    raw: [[386, map + octal(size)]],
  });
  const more =
    words.length > 4 ? padded(words.slice(4).join('').padEnd(505, '\0')) : Buffer.alloc(0);
  return Buffer.concat([header, more, padded(content)]);
}

function paxSparse(of: Header, version: string, list: List, size: number, content: string): Buffer {
  const numbers = list.flat();
  const records: [string, string][] = [];
  let map = '';
  if (version === '1.0') {
    records.push(['major', '1'], ['minor', '0'], ['realsize', String(size)]);
    map = padded([list.length, ...numbers].map((number) => `${number}\n`).join('')).toString(
      'latin1',
    );
  } else {
    records.push(['size', String(size)], ['numblocks', String(list.length)]);
  }
  if (version === '0.0') {
    for (const [offset, length] of list)
      records.push(['offset', String(offset)], ['numbytes', String(length)]);
  }
  if (version === '0.1') records.push(['map', numbers.join(',')]);
  if (version !== '0.0') records.push(['name', 'sparse']);
  return Buffer.concat([
    pax(records.map(([key, value]) => [`GNU.sparse.${key}`, value])),
    entry(of, map + content),
  ]);
}
