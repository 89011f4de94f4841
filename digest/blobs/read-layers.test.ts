import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import {
  archiveOf,
  digestOf,
  piped,
  refusal,
  temporaryBlobs,
  WRONG_DIGEST,
} from './blob.fixture.ts';
import { readLayers } from './read-layers.ts';

function workerThreads(): number {
  const names = readdirSync('/proc/self/task').map((task) =>
    readFileSync(`/proc/self/task/${task}/comm`, 'latin1'),
  );
  return names.filter((name) => name === 'WorkerThread\n').length;
}

describe('many layers', () => {
  /** So large that other threads are asked to help. */
  const many = Array.from({ length: 8 }, (_, index) => {
    const bytes = archiveOf({ [`file-${index}`]: randomBytes(700_000 + 10_000 * index) });
    return { bytes, stored: index % 2 === 0 ? gzipSync(bytes) : bytes };
  });

  test('are read by several threads, and come in their order', async () => {
    using blobs = temporaryBlobs();
    const sources = many.map(({ stored, bytes }) => blobs.source(stored, bytes));
    let threads = 0;
    let read = 0;
    const layers = await readLayers(sources, {
      onProgress: (bytes) => {
        read += bytes;
        threads = Math.max(threads, workerThreads());
      },
    });
    assert.deepEqual(
      layers.map(({ entries }) => entries.map(({ name }) => name)),
      many.map((_, index) => [`file-${index}`]),
    );
    assert.deepEqual(
      layers.map(({ diffID }) => diffID),
      many.map(({ bytes }) => digestOf(bytes)),
    );
    assert.equal(
      read,
      many.reduce((sum, { stored }) => sum + stored.length, 0),
    );
    assert.equal(threads, Math.min(availableParallelism(), many.length) - 1);
  });

  test('are read where no thread can be started', () => {
    using blobs = temporaryBlobs();
    const claims = many.map(({ stored, bytes }, index) => {
      writeFileSync(`${blobs.path}/${index}`, stored);
      return { path: `${blobs.path}/${index}`, size: stored.length, diffID: digestOf(bytes) };
    });
    const code = `
      import { spawnSync } from 'node:child_process';
      import { openSync } from 'node:fs';
      import { readLayers } from ${JSON.stringify(new URL('./read-layers.ts', import.meta.url))};
      const sources = ${JSON.stringify(claims)}.map(({ path, size, diffID }) => ({
        blob: { fd: openSync(path, 'r'), offset: 0, size }, diffID, label: path,
      }));
      // Root may have as many as it wants.
      const limited = spawnSync('prlimit', ['--pid', String(process.pid), '--nproc=1']);
      process.setuid(65533);
      let threads = '';
      try { new (await import('node:worker_threads')).Worker('', { eval: true }); } catch ({ code }) { threads = code; }
      console.log(limited.status, threads, (await readLayers(sources)).length);`;
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', code];
    const found = piped(Buffer.alloc(0), process.execPath, ...args).toString();
    assert.equal(found, `0 ERR_WORKER_INIT_FAILED ${many.length}\n`);
  });

  test('are refused if one is wrong, whichever it is', async () => {
    using blobs = temporaryBlobs();
    for (const wrong of many.keys()) {
      const sources = many.map(({ stored, bytes }, index) =>
        blobs.source(stored, bytes, {
          label: `layer ${index}`,
          ...(index === wrong ? { diffID: WRONG_DIGEST } : {}),
        }),
      );
      // oxlint-disable-next-line no-await-in-loop
      assert.match(
        await refusal(sources),
        new RegExp(`^image layer ${wrong}: expected the diff_id ${WRONG_DIGEST}, found `),
      );
    }
  });

  test('are read once where they are equal', async () => {
    using blobs = temporaryBlobs();
    const [first, second] = many.map(({ stored, bytes }) => blobs.source(stored, bytes));
    assert.ok(first && second);
    let read = 0;
    const again = { ...first, label: 'again' };
    const layers = await readLayers([first, second, again, first], {
      onProgress: (bytes) => (read += bytes),
    });
    assert.equal(read, first.blob.size + second.blob.size);
    assert.equal(layers[0], layers[2]);
    assert.equal(layers[0], layers[3]);
    assert.notEqual(layers[0], layers[1]);
  });

  test('of one content but different digests are each verified', async () => {
    using blobs = temporaryBlobs();
    const bytes = archiveOf({ file: randomBytes(700_000) });
    const sources = [gzipSync(bytes), gzipSync(bytes, { level: 1 }), bytes].map((stored) =>
      blobs.source(stored, bytes),
    );
    const [first, ...others] = await readLayers(sources);
    for (const other of others) assert.deepEqual(other, first);
    const [a, b, c] = sources;
    assert.ok(a && b && c);
    assert.match(await refusal([a, { ...b, digest: WRONG_DIGEST }, c]), /expected the digest/);
  });
});
