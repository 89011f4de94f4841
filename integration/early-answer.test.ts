import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startHost } from './host.ts';
import { program } from './program.ts';
import { run } from './runtime.ts';

/** Annotations do not fit into a pipe at once: a hook that leaves them there kills crun, which dies of SIGPIPE. */
const state = JSON.stringify({ ociVersion: '1.0.2', annotations: { large: 'x'.repeat(500_000) } });

async function callHook(...args: readonly string[]) {
  const script = 'set -o pipefail; printf "%s" "$(cat)" | "$@"; echo "${PIPESTATUS[0]} $?"';
  return await run('bash', ['-c', script, 'bash', program, 'hook', ...args], state);
}

describe('a hook that needs no state takes it up all the same', () => {
  for (const stage of ['poststart', 'poststop']) {
    test(`at ${stage}`, async () => {
      const { stdout } = await callHook(stage);
      assert.equal(stdout, '0 0');
    });
  }

  test('of a stage that it does not know', async () => {
    const { stdout, stderr } = await callHook('startContainer');
    assert.equal(stdout, '0 1');
    assert.match(stderr, /unknown stage.*\[usage\]/);
  });

  test('where its configuration is missing', async () => {
    await using host = await startHost();
    const { stdout, stderr } = await callHook('--config', `${host.directory}/none`);
    assert.equal(stdout, '0 1');
    assert.match(stderr, /is not there \[config\]/);
  });
});
