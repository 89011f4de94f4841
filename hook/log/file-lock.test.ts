import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { lockFile } from './file-lock.ts';
import { scratchState } from './log.fixture.ts';

describe('lockFile', () => {
  it('names the holder when the time is up', async () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'lock');
    using lock = await lockFile(path, 1000);
    assert.ok(lock.fd > 2);
    await assert.rejects(lockFile(path, 30), {
      code: 'lock',
      message: `${JSON.stringify(path)} was held by the hook with pid ${process.pid}, or its tpm2 command for 30 ms`,
    });
  });

  it('is free as soon as it is let go', async () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'lock');
    const first = await lockFile(path, 1000);
    const second = lockFile(path, 5000);
    first[Symbol.dispose]();
    (await second)[Symbol.dispose]();
  });

  it('is held on by a child that inherited it, and by no other', async () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'lock');
    const lock = await lockFile(path, 1000);
    const stranger = spawn('sleep', ['20'], { stdio: 'ignore' });
    const heir = spawn('sleep', ['20'], { stdio: ['ignore', 'ignore', 'ignore', lock.fd] });
    try {
      lock[Symbol.dispose]();
      await assert.rejects(lockFile(path, 50), { code: 'lock' });
      heir.kill();
      (await lockFile(path, 5000))[Symbol.dispose]();
    } finally {
      heir.kill();
      stranger.kill();
    }
  });

  it('is taken on the file that is there now, if another took its place meanwhile', async () => {
    using state = scratchState();
    mkdirSync(state.path);
    const path = join(state.path, 'lock');
    const old = await lockFile(path, 1000);
    const waiting = lockFile(path, 5000);
    rmSync(path);
    const current = await lockFile(path, 1000);
    old[Symbol.dispose]();
    await sleep(50);
    const isLocked = await Promise.race([waiting.then(() => true), sleep(100, false)]);
    assert.equal(isLocked, false);
    current[Symbol.dispose]();
    (await waiting)[Symbol.dispose]();
  });

  it('says so where the lock cannot be made', async () => {
    await assert.rejects(lockFile('/proc/no-such-place/lock', 10), { code: 'log' });
  });
});
