import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { withoutRoot } from './thread-credentials.ts';

const STATUS = '/proc/thread-self/status';

/** Ids and capabilities of the calling thread, from the kernel. */
function credentials(status = readFileSync(STATUS, 'ascii')): Record<string, string> {
  return Object.fromEntries(
    ['Uid', 'CapInh', 'CapPrm', 'CapEff', 'CapAmb'].map((name) => [
      name,
      new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '',
    ]),
  );
}

const READER = '4294967293';
const CAP_DAC_READ_SEARCH = '0000000000000004';

describe('a thread that reads files', () => {
  test('is not root meanwhile, and is what it was before afterwards', () => {
    const before = credentials();
    let meanwhile = before;
    assert.equal(
      withoutRoot(() => {
        meanwhile = credentials();
      }),
      0,
    );
    assert.equal(meanwhile['Uid'], [READER, READER, READER, READER].join('\t'));
    assert.equal(meanwhile['CapEff'], CAP_DAC_READ_SEARCH);
    assert.deepEqual(credentials(), before);
    assert.equal(process.geteuid?.(), 0);
  });

  test('is root again after a failure', () => {
    const before = credentials();
    assert.throws(
      () =>
        withoutRoot(() => {
          throw new Error('on purpose');
        }),
      /on purpose/,
    );
    assert.deepEqual(credentials(), before);
  });

  test('can give root up for good, alone: the others keep it', async () => {
    const before = credentials();
    const url = JSON.stringify(new URL('./thread-credentials.ts', import.meta.url));
    const worker = new Worker(
      `import(${url}).then(({ dropRoot }) => {
         const errno = dropRoot();
         const status = require('node:fs').readFileSync(${JSON.stringify(STATUS)}, 'ascii');
         require('node:worker_threads').parentPort.postMessage({ errno, status });
       })`,
      { eval: true },
    );
    const { errno, status } = await new Promise<{ errno: number; status: string }>(
      (resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      },
    );
    assert.equal(errno, 0);
    const found = credentials(status);
    assert.equal(found['Uid'], [READER, READER, READER, READER].join('\t'));
    assert.equal(found['CapEff'], CAP_DAC_READ_SEARCH);
    assert.equal(found['CapPrm'], CAP_DAC_READ_SEARCH);
    assert.deepEqual(credentials(), before);
  });
});
