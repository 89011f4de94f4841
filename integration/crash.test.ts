import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { type Host, startHost } from './host.ts';
import { debianRootfs, program } from './program.ts';
import { assertReplays } from './replay-oracle.ts';

/**
 * The steps of a measurement end in these system calls, each so many times at least. A tracer kills the hook when it enters the Nth of
 * them, from the first on, until a run has fewer than N: so the hook dies between every two steps, with no switch for it in the product.
 */
const steps = { fsync: 8, rename: 3, unlink: 1, ftruncate: 1, flock: 1, mkdir: 2 };

function killedAt(host: Host, call: string, count: number) {
  const { args, ...entry } = host.hookEntry();
  const inject = ['-e', `trace=${call}`, '-e', `inject=${call}:signal=SIGKILL:when=${count}`];
  return {
    ...entry,
    path: '/usr/bin/strace',
    args: ['strace', '-f', '-o', '/dev/null', ...inject, program, ...args.slice(1)],
  };
}

describe('a hook that is killed', () => {
  for (const [call, least] of Object.entries(steps)) {
    test(`at any ${call} leaves a log that the next start makes whole`, async () => {
      await using host = await startHost();
      const started: string[] = [];
      for (let count = 1; count < 40; count += 1) {
        const killed = await host.run('runc', `killed-${count}`, [debianRootfs], {
          hooks: { createRuntime: [killedAt(host, call, count)] },
        });
        if (killed.exitCode === 0) started.push(`killed-${count}`);
        const next = await host.run('runc', `next-${count}`, [debianRootfs]);
        assert.equal(next.exitCode, 0, next.stderr);
        started.push(`next-${count}`);
        assertNoneLost(await assertReplays(host), started);
        if (killed.exitCode !== 0) continue;
        assert.ok(count > least, `${call} was entered ${count - 1} times`);
        return;
      }
      assert.fail(`a hook with more than 40 calls of ${call}`);
    });
  }
});

/** Found before the tool of that name: kills the hook, which is the parent of its parent, and extends a second later. */
const slowExtend = `#!/bin/sh
read -r _ _ _ hook _ < "/proc/$PPID/stat"
kill -KILL "$hook"
sleep 1
exec /usr/bin/tpm2 pcrextend "$@"
`;

test('a hook that is killed in the middle of the extend, which goes on, is called off by the next start', async () => {
  await using host = await startHost();
  const directory = `${host.directory}/sbin`;
  mkdirSync(directory);
  writeFileSync(`${directory}/tpm2_pcrextend`, slowExtend, { mode: 0o755 });
  await host.run('runc', 'first', [debianRootfs]);
  const { path, args, ...entry } = host.hookEntry();
  const inside = `mount --bind ${directory} /usr/sbin; exec "$@"`;
  const words = ['unshare', '--mount', 'sh', '-c', inside, 'sh', path, ...args.slice(1)];
  const createRuntime = [{ ...entry, path: '/usr/bin/unshare', args: words }];
  const killed = await host.run('runc', 'killed', [debianRootfs], { hooks: { createRuntime } });
  assert.notEqual(killed.exitCode, 0);
  const next = await host.run('runc', 'next', [debianRootfs]);
  assert.equal(next.exitCode, 0, next.stderr);
  const events = await assertReplays(host);
  assertNoneLost(events, ['first', 'next']);
  assert.ok(events.some(({ type, id }) => type === 'aborted' && id === 'killed'));
});

/** Every container that started is in the log exactly once, and whatever else is there has been called off. */
function assertNoneLost(
  events: readonly Readonly<Record<string, unknown>>[],
  started: readonly string[],
): void {
  const calledOff = new Set(events.filter(({ type }) => type === 'aborted').map(({ id }) => id));
  const standing = events.filter(({ type, id }) => type === 'container' && !calledOff.has(id));
  assert.deepEqual(
    standing.map(({ id }) => id),
    started,
  );
  assert.equal(events.filter(({ type }) => type === 'gap').length, 0);
}
