import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createByteProgress, createListingProgress } from './progress.ts';

const LISTING = Buffer.from(
  '#mtree rootfs-digest v1\n. type=dir\n./a type=file\n#xattr x=\n./b.c type=file\n',
);

let written: string[];
let nowMs: number;

function write(text: string): void {
  written.push(text);
}

function start() {
  return createListingProgress('reading', write, () => nowMs);
}

beforeEach(() => {
  written = [];
  nowMs = 0;
});

describe('createListingProgress', () => {
  test('counts entries, not attributes, however the listing is cut', () => {
    for (let size = 1; size <= LISTING.length; size += 1) {
      nowMs = 0;
      written = [];
      const progress = start();
      for (let at = 0; at < LISTING.length; at += size)
        progress.count(LISTING.subarray(at, at + size));
      nowMs = 1000;
      progress.count(new Uint8Array());
      assert.deepEqual(written, ['\r\u001b[Kreading: 3 entries']);
    }
  });

  test('says nothing about what is quickly done', () => {
    const progress = start();
    progress.count(LISTING);
    progress.clear();
    assert.deepEqual(written, []);
  });

  test('writes ten times a second at most, and wipes its line', () => {
    const progress = start();
    for (nowMs = 0; nowMs < 1500; nowMs += 1) progress.count(LISTING);
    assert.equal(written.length, 10);
    progress.clear();
    assert.equal(written.at(-1), '\r\u001b[K');
  });
});

describe('createByteProgress', () => {
  test('tells whole megabytes, and of how many', () => {
    const progress = createByteProgress('reading', write, () => nowMs);
    progress.count({ read: 1_000_000, all: 2_345_999_999 });
    nowMs = 1000;
    progress.count({ read: 1_234_999_999, all: 2_345_999_999 });
    assert.deepEqual(written, ['\r\u001b[Kreading: 1,234 of 2,345 MB']);
  });
});
