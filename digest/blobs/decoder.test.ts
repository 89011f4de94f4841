import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, test } from 'node:test';
import { gunzipSync, gzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import fc from 'fast-check';
import { DigestError } from '#digest/errors';
import { Memory } from '#digest/linux-syscalls';
import { piped } from './blob.fixture.ts';
import type { Decoder, Sink } from './decoder.ts';
import { GzipDecoder } from './gzip-decoder.ts';
import { ZstdDecoder } from './zstd-decoder.ts';

interface Format {
  readonly decoder: (sink: Sink) => Decoder;
  readonly compress: (bytes: Uint8Array, level: number) => Buffer;
  /** Node's own, which is not as strict. */
  readonly oracle: (bytes: Uint8Array) => Buffer;
  readonly command: readonly [string, ...string[]];
  /** What may stand between compressed parts. */
  readonly filling: readonly Uint8Array[];
}

const skippable = (content: Uint8Array): Buffer => {
  const head = Buffer.from([0x5c, 0x2a, 0x4d, 0x18, 0, 0, 0, 0]);
  head.writeUInt32LE(content.length, 4);
  return Buffer.concat([head, content]);
};

const formats: Readonly<Record<string, Format>> = {
  gzip: {
    decoder: (sink) => new GzipDecoder(sink),
    compress: (bytes, level) => gzipSync(bytes, { level }),
    oracle: gunzipSync,
    command: ['gzip', '-c'],
    filling: [gzipSync('')],
  },
  zstd: {
    decoder: (sink) => new ZstdDecoder(sink),
    compress: (bytes, level) => zstdCompressSync(bytes, { params: { 100: level, 201: 1 } }),
    oracle: zstdDecompressSync,
    command: ['zstd', '-q', '-c'],
    filling: [skippable(Buffer.alloc(0)), skippable(Buffer.alloc(1000, 'x')), zstdCompressSync('')],
  },
};

/** Decompresses it, written in parts of at most this many bytes. */
function decompress({ decoder: make }: Format, bytes: Uint8Array, partLength: number): Buffer {
  const memory = new Memory(partLength);
  const output: Buffer[] = [];
  using decoder = make(({ bytes: found }, length) =>
    output.push(Buffer.from(found.subarray(0, length))),
  );
  for (let at = 0; at < bytes.length; at += partLength) {
    const part = bytes.subarray(at, at + partLength);
    memory.bytes.set(part);
    decoder.write(memory, part.length);
  }
  decoder.end();
  return Buffer.concat(output);
}

const isRefused = (format: Format, bytes: Uint8Array): boolean => {
  try {
    decompress(format, bytes, 1024);
    return false;
  } catch (error) {
    assert.ok(error instanceof DigestError, String(error));
    return true;
  }
};

const content = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.nat(300_000).map((length) => Buffer.alloc(length, 'abcdefg')),
  fc.nat(300_000).map((length) => randomBytes(length)),
);

for (const [name, format] of Object.entries(formats)) {
  describe(name, () => {
    test('in any number of parts, cut anywhere, is their contents', () => {
      const part = fc.tuple(content, fc.integer({ min: 1, max: 9 }));
      fc.assert(
        fc.property(
          fc.array(part, { minLength: 1, maxLength: 4 }),
          fc.integer({ min: 1, max: 100_000 }),
          (parts, partLength) => {
            const stored = Buffer.concat(
              parts.map(([bytes, level]) => format.compress(bytes, level)),
            );
            const expected = Buffer.concat(parts.map(([bytes]) => bytes));
            fc.pre(stored.length / partLength < 5000);
            assert.ok(decompress(format, stored, partLength).equals(expected));
          },
        ),
        { numRuns: 60 },
      );
    });

    test('with empty parts before, between and behind is the same', () => {
      for (const filling of format.filling) {
        const [a, b] = ['first', 'second'].map((text) => format.compress(Buffer.from(text), 1));
        assert.ok(a && b);
        const stored = Buffer.concat([filling, a, filling, filling, b, filling]);
        for (const partLength of [1, 7, 1000]) {
          assert.equal(decompress(format, stored, partLength).toString(), 'firstsecond');
        }
      }
    });

    test(`as the program ${name} writes it is read`, () => {
      const bytes = Buffer.concat([randomBytes(300_000), Buffer.alloc(700_000)]);
      const [command, ...args] = format.command;
      for (const level of ['-1', '-9']) {
        const stored = piped(bytes, command, ...args, level);
        assert.ok(decompress(format, stored, 65536).equals(bytes));
      }
    });

    test('is refused when it is cut, at every byte', () => {
      const stored = format.compress(Buffer.from('a little of everything'), 1);
      for (let length = 0; length < stored.length; length++) {
        assert.ok(isRefused(format, stored.subarray(0, length)), `${length} of ${stored.length}`);
      }
    });

    test('is refused with anything else behind it', () => {
      const stored = format.compress(Buffer.from('a little'), 1);
      const behind = { 'a zero': '\0', zeros: '\0'.repeat(5000), text: 'text', itself: stored };
      const found = Object.entries(behind).map(([what, bytes]) => [
        what,
        isRefused(format, Buffer.concat([stored, Buffer.from(bytes)])),
      ]);
      assert.deepEqual(Object.fromEntries(found), {
        'a zero': true,
        zeros: true,
        text: true,
        itself: false,
      });
    });

    test('is refused with a wrong checksum', () => {
      const stored = format.compress(Buffer.from('a little'), 1);
      // zstd's are the last four bytes, gzip's the four before.
      const at = name === 'gzip' ? stored.length - 8 : stored.length - 1;
      stored[at] = (stored[at] ?? 0) ^ 1;
      assert.ok(isRefused(format, stored));
    });

    test('damaged anyhow is refused or means what Node takes it for', () => {
      const stored = format.compress(Buffer.from('to be or not to be, that is the question'), 6);
      fc.assert(
        fc.property(
          fc.array(fc.tuple(fc.nat(stored.length - 1), fc.nat(255)), {
            minLength: 1,
            maxLength: 4,
          }),
          (changes) => {
            const damaged = Buffer.from(stored);
            for (const [at, byte] of changes) damaged[at] = byte;
            if (isRefused(format, damaged)) return;
            assert.ok(decompress(format, damaged, 7).equals(format.oracle(damaged)));
          },
        ),
        { numRuns: 500 },
      );
    });
  });
}

/** Magic number, a descriptor without any field, the window's size, an empty block. */
const withWindow = (log: number): Buffer =>
  Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, (log - 10) << 3, 1, 0, 0]);

test('a zstd frame that needs 128 MiB to be read is read, one that needs more is refused', () => {
  const zstd = formats['zstd'];
  assert.ok(zstd);
  assert.equal(decompress(zstd, withWindow(27), 1024).length, 0);
  assert.throws(() => decompress(zstd, withWindow(28), 1024), {
    code: 'too-large',
    message: 'expected a zstd window of at most 134217728 bytes',
  });
});

test('a zstd frame that needs a dictionary is refused', () => {
  const zstd = formats['zstd'];
  assert.ok(zstd);
  // Magic number, a descriptor with a dictionary of one byte and a window, the window, the dictionary, an empty block.
  const stored = Buffer.from('28b52ffd015807010000', 'hex');
  assert.ok(isRefused(zstd, stored));
});
