import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { readContainerProcess } from './container-process.ts';
import { makeDirectory } from './directory.fixture.ts';

/** Waits until the process has executed what it is to execute. */
async function whenNamed(child: ChildProcess, name: string): Promise<number> {
  assert.ok(child.pid);
  for (let tries = 0; tries < 500; tries += 1) {
    if (readFileSync(`/proc/${child.pid}/comm`, 'latin1') === `${name}\n`) return child.pid;
    await setTimeout(10);
  }
  return assert.fail(`process ${child.pid} did not become ${name}`);
}

function inode(of: number | 'self', type: string): number {
  return statSync(`/proc/${of}/ns/${type}`).ino;
}

describe('readContainerProcess', () => {
  test('a program’s name of spaces and parentheses does not shift its start time', async () => {
    using directory = makeDirectory();
    const name = 'a) R 1 (b';
    const program = join(directory.path, name);
    copyFileSync('/bin/sleep', program);
    const child = spawn(program, ['20'], { stdio: 'ignore' });
    try {
      const pid = await whenNamed(child, name);
      const { startTime } = readContainerProcess(pid);
      const [seconds] = readFileSync('/proc/uptime', 'latin1').split(' ', 1);
      // In floating point 8265.22 times 100 is less than 826522.
      const uptime = Math.round(Number(seconds) * 100);
      assert.ok(startTime <= uptime && startTime > uptime - 2000, `${startTime}, now ${uptime}`);
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      assert.ok(stat.includes(` ${startTime} `));
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('the namespaces are those of the process, not ours', async () => {
    const child = spawn('unshare', ['--uts', '--net', '--mount', 'sleep', '20'], {
      stdio: 'ignore',
    });
    try {
      const pid = await whenNamed(child, 'sleep');
      const { ns } = readContainerProcess(pid);
      for (const type of ['mnt', 'pid', 'net', 'uts', 'user'] as const) {
        assert.equal(ns[type], inode(pid, type));
      }
      assert.notEqual(ns.uts, inode('self', 'uts'));
      assert.equal(ns.user, inode('self', 'user'));
    } finally {
      child.kill('SIGKILL');
    }
  });

  test('a process that is gone is refused', async () => {
    const child = spawn('true', { stdio: 'ignore' });
    await once(child, 'exit');
    assert.throws(() => readContainerProcess(child.pid ?? 0), {
      name: 'HookError',
      code: 'state',
      message: /^pid of the state: there is no process [0-9]+$/,
    });
  });
});
