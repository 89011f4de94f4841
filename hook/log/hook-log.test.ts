import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MAX_HOOK_LOG_BYTES, writeHookLog } from './hook-log.ts';
import { scratchState } from './log.fixture.ts';

function readLines(path: string): Readonly<Record<string, unknown>>[] {
  const texts = readFileSync(path, 'utf8').trimEnd().split('\n');
  return texts.map((text) => ({ ...JSON.parse(text) }));
}

describe('hook.log', () => {
  it('keeps one line for each event, whatever is in it', () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'hook.log');
    assert.ok(writeHookLog(path, { event: 'denied', id: 'a\nb', reason: 'x' }));
    assert.ok(writeHookLog(path, { event: 'measured', id: 'y'.repeat(100_000) }));
    const lines = readLines(path);
    assert.deepEqual(
      lines.map(({ event }) => event),
      ['denied', 'measured'],
    );
    assert.equal(lines[0]?.['id'], 'a\nb');
    assert.equal(lines[0]?.['pid'], process.pid);
    assert.match(String(lines[0]?.['time']), /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.equal(statSync(path).mode & 0o777, 0o600);
  });

  it('never takes more than two megabytes, and keeps the newest', () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'hook.log');
    for (let index = 0; index < 300; index += 1) {
      writeHookLog(path, { event: 'denied', index, reason: 'x'.repeat(10_000) });
    }
    assert.deepEqual(readdirSync(state.path).toSorted(), ['hook.log', 'hook.log.1']);
    for (const name of readdirSync(state.path)) {
      assert.ok(statSync(join(state.path, name)).size <= MAX_HOOK_LOG_BYTES);
    }
    assert.equal(readLines(path).at(-1)?.['index'], 299);
  });

  it('that cannot be written is not a failure', () => {
    assert.equal(writeHookLog('/proc/no-such-place/hook.log', { event: 'x' }), false);
  });
});
