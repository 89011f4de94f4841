import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { workDirectory } from './program.ts';
import { run } from './runtime.ts';

const demo = fileURLToPath(new URL('./demo/demo.ts', import.meta.url));

test('the demo tells its story to the end and leaves nothing behind', {
  timeout: 180_000,
}, async () => {
  const before = readdirSync(workDirectory);
  const { exitCode, stdout, stderr } = await run(process.execPath, [demo]);
  assert.equal(exitCode, 0, stderr);
  assert.match(stdout, /The digest that was measured/);
  assert.match(stdout, /Another digest, and it is in the TPM now/);
  assert.match(stdout, /A container that cannot be measured does not start/);
  assert.deepEqual(readdirSync(workDirectory), before);
});
