import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { createServer, type ServerHttp2Stream } from 'node:http2';
import { createServer as createSocketServer } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import fc from 'fast-check';
import { makeTestDirectory } from '#tools/program.fixture';
import { askCri } from './cri-status.ts';

let home: string;
before(() => {
  home = makeTestDirectory('cri-status');
});
after(() => rmSync(home, { recursive: true }));

interface Answer {
  readonly body: Buffer;
  readonly trailers?: Readonly<Record<string, string>>;
}

/** What is made of an answer. */
async function asked({ body, trailers = { 'grpc-status': '0' } }: Answer) {
  const socket = join(home, 'socket');
  const server = createServer();
  server.on('stream', (stream: ServerHttp2Stream) => {
    stream.respond({ 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers(trailers));
    stream.end(body);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  try {
    return await askCri(socket);
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}

function message(...bytes: readonly number[]): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([head, Buffer.from(bytes)]);
}

const [A, B] = [0x61, 0x62];

describe('askCri', () => {
  test('reads the map of texts, and passes over all else', async () => {
    const entry = [0x12, 6, 0x0a, 1, A, 0x12, 1, B];
    const others = [
      0x0a, 2, 0x08, 1, 0x18, 0x96, 1, 0x25, 0, 0, 0, 0, 0x29, 0, 0, 0, 0, 0, 0, 0, 0,
    ];
    const info = await asked({ body: message(...others, ...entry) });
    assert.deepEqual([...info], [['a', 'b']]);
    assert.deepEqual([...(await asked({ body: message() }))], []);
  });

  const refused: readonly (readonly [title: string, answer: Answer, expected: RegExp])[] = [
    [
      'another status, with its message',
      { body: message(), trailers: { 'grpc-status': '12', 'grpc-message': 'unknown service' } },
      /gRPC status 12 unknown service/,
    ],
    ['no status', { body: message(), trailers: {} }, /gRPC status none/],
    ['nothing', { body: Buffer.alloc(0) }, /expected one gRPC message/],
    ['a compressed message', { body: Buffer.from([1, 0, 0, 0, 0]) }, /uncompressed/],
    ['a message that is cut off', { body: message(1, 2).subarray(0, 6) }, /expected one/],
    ['a field that is cut off', { body: message(0x12, 100, 0) }, /cut off/],
    ['a number without an end', { body: message(0x80, 0x80) }, /malformed/],
    ['a number beyond all bounds', { body: message(0x12, ...Array(9).fill(0xff), 1) }, /malformed/],
    ['a field of an unknown type', { body: message(0x13) }, /type 3/],
  ];
  for (const [title, answer, expected] of refused) {
    test(`refuses ${title}`, async () => {
      await assert.rejects(asked(answer), expected);
    });
  }

  test('refuses who speaks something else, and says when nobody is there', async () => {
    const socket = join(home, 'other');
    const server = createSocketServer((connection) =>
      connection.end('HTTP/1.1 400 Bad Request\r\n\r\n'),
    );
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    await assert.rejects(askCri(socket));
    server.close();
    await assert.rejects(askCri(join(home, 'nowhere')), /ENOENT/);
  });

  test('throws nothing but errors, whatever the message', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), async (bytes) => {
        try {
          await asked({ body: message(...bytes) });
        } catch (error) {
          assert.ok(error instanceof Error && /protobuf/.test(error.message), String(error));
        }
      }),
      { numRuns: 100 },
    );
  });
});
