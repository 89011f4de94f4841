import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { CAPACITY, ContentRing, Status } from './content-ring.ts';
import { FileFacts } from './file-facts.ts';
import { startThread } from './hash-threads.ts';
import { O_DIRECTORY, O_RDONLY, openAt, statName } from './linux-syscalls.ts';
import { scratchDirectory } from './tree.fixture.ts';

const FILES = 1000;
const SIZE = 64 * 1024;
const THREADS = 3;
const PATIENCE_MS = 10_000;

const sleep = (milliseconds: number): unknown =>
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, milliseconds);

const content = (index: number): Buffer => Buffer.alloc(SIZE, String(index));

describe('the ring', () => {
  test('has each file hashed once by one of several threads', () => {
    using scratch = scratchDirectory();
    const directory = openAt(-100, scratch.path, O_RDONLY | O_DIRECTORY);
    const ring = new ContentRing();
    const facts = new FileFacts();
    for (let thread = 0; thread < THREADS; thread++) startThread(ring, false);
    while (ring.startedThreads < THREADS) sleep(5);
    for (let index = 0; index < FILES; index++) {
      writeFileSync(`${scratch.path}/${index}`, content(index));
      assert.equal(statName(directory, String(index), facts.address), 0);
      assert.equal(ring.publish(directory, String(index), facts), index);
    }
    ring.wake();
    const found: string[] = [];
    const taker = {
      fillFirst: (memory: Buffer, at: number): void =>
        void found.push(memory.toString('latin1', at, at + 64)),
    };
    for (let ticket = 0; ticket < FILES; ticket++) {
      ring.wait(ticket, PATIENCE_MS);
      assert.equal(ring.status(ticket), Status.hashed);
      ring.giveDigest(ticket, taker);
    }
    ring.close();
    ring.waitUntilIdle(PATIENCE_MS);
    const expected = Array.from(found, (_, index) =>
      createHash('sha256').update(content(index)).digest('hex'),
    );
    assert.deepEqual(found, expected);
  });

  test('shares out what waits: few files, and few bytes, at a time', () => {
    const ring = new ContentRing();
    const facts = new FileFacts();
    const publish = (size: number, count: number): void => {
      facts.words[10] = size;
      for (let index = 0; index < count; index++) ring.publish(0, 'f', facts);
    };
    publish(1, CAPACITY / 2);
    assert.deepEqual(ring.tryClaim(), { first: 0, end: 24 });
    publish(1024 ** 2, CAPACITY / 2);
    const claims = [];
    for (let claim = ring.tryClaim(); claim !== undefined; claim = ring.tryClaim()) {
      claims.push(claim.end - claim.first);
    }
    assert.equal(
      claims.reduce((sum, count) => sum + count, 24),
      CAPACITY,
    );
    assert.deepEqual(new Set(claims.slice(-CAPACITY / 2 + 32)), new Set([1]));
  });
});
