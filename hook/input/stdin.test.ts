import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';

const program = join(import.meta.dirname, 'read-stdin.fixture.ts');

interface Answer {
  readonly size?: number;
  readonly code?: string;
  readonly message?: string;
  readonly peakKiB: number;
}

async function answerOf(reader: ChildProcess): Promise<Answer> {
  assert.ok(reader.stdout);
  return JSON.parse(await text(reader.stdout)) as Answer;
}

/** What a shell command prints, whose "$@" is a program that reads its standard input as the hook does. */
async function answerTo(command: string, ...options: string[]): Promise<Answer> {
  const words = [process.execPath, '--disable-warning=ExperimentalWarning', program, ...options];
  const shell = spawn('bash', ['-c', `set -o pipefail; ${command}`, 'bash', ...words], {
    stdio: ['ignore', 'pipe', 'inherit'],
    timeout: 20_000,
  });
  const [answer, [status]] = await Promise.all([answerOf(shell), once(shell, 'exit')]);
  assert.equal(status, 0, 'the writer was not told that nobody reads');
  return answer;
}

describe('readStandardInput', { concurrency: 2 }, () => {
  test('it is read to its end, in however many pieces it comes', async () => {
    const answer = await answerTo('(printf abc; sleep 0.2; printf def) | "$@"');
    assert.equal(answer.size, 6);
  });

  test('as many bytes as are allowed are read', async () => {
    assert.equal((await answerTo('head -c 1048576 /dev/zero | "$@"')).size, 1_048_576);
  });

  test('one byte more is refused', async () => {
    const { code, message } = await answerTo('head -c 1048577 /dev/zero | "$@"');
    assert.equal(code, 'state');
    assert.match(message ?? '', /^standard input has 1048577 bytes, expected .* at most 1048576$/);
  });

  test('100 MB are refused, their writer is not killed, and memory stays flat', async () => {
    const few = await answerTo('printf abc | "$@"');
    const many = await answerTo('head -c 100000000 /dev/zero | "$@"');
    assert.equal(many.code, 'state');
    assert.match(many.message ?? '', /100000000 bytes/);
    assert.ok(many.peakKiB < few.peakKiB + 30_000, `${many.peakKiB} KiB, ${few.peakKiB} KiB`);
  });

  test('an end that does not come is not waited for', async () => {
    const { code, message } = await answerTo(
      'exec "$@" < <(printf "{"; exec sleep 3 2>/dev/null)',
      '300',
    );
    assert.equal(code, 'deadline');
    assert.match(message ?? '', /did not end in time/);
  });

  test('a writer without end is not read for ever', async () => {
    assert.equal((await answerTo('"$@" < /dev/zero', '300')).code, 'deadline');
  });

  test('a closed standard input reads as empty: Node puts /dev/null there', async () => {
    assert.equal((await answerTo('"$@" <&-')).size, 0);
  });

  test('a directory for standard input is refused', async () => {
    const { code, message } = await answerTo('"$@" < /etc');
    assert.equal(code, 'state');
    assert.match(message ?? '', /cannot be read/);
  });

  test('a socket is read, and not waited for when its end does not come', async () => {
    // Node's own pipes are sockets.
    const words = ['--disable-warning=ExperimentalWarning', program];
    const closed = spawn(process.execPath, [...words], { stdio: ['pipe', 'pipe', 'inherit'] });
    closed.stdin.end('abcd');
    assert.equal((await answerOf(closed)).size, 4);
    const open = spawn(process.execPath, [...words, '300'], { stdio: ['pipe', 'pipe', 'inherit'] });
    open.stdin.write('{');
    assert.equal((await answerOf(open)).code, 'deadline');
  });
});
