import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { makeTestDirectory } from '#tools/program.fixture';
import { hasReadSince, thisMoment } from './restart.ts';

const scratch = makeTestDirectory('restart');
after(() => rmSync(scratch, { recursive: true }));

const RESTART = { unit: 'crio.service', action: 'restart' } as const;
const RELOAD = { unit: 'crio.service', action: 'reload' } as const;

describe('where systemd does not run', () => {
  /** A process by that name is all that can be seen of an engine. */
  const crio = join(scratch, 'crio');
  copyFileSync('/bin/sleep', crio);
  async function start(): Promise<ChildProcess> {
    const child = spawn(crio, ['60']);
    await once(child, 'spawn');
    return child;
  }
  async function stop(child: ChildProcess): Promise<void> {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  test('an engine has read what was changed before it was started', async () => {
    const first = await start();
    await sleep(30);
    const moment = thisMoment();
    assert.equal(await hasReadSince(RESTART, moment), false);
    assert.equal(await hasReadSince(RELOAD, moment), undefined);
    await stop(first);
    assert.equal(await hasReadSince(RESTART, moment), true);
    await sleep(30);
    const second = await start();
    assert.equal(await hasReadSince(RESTART, moment), true);
    assert.equal(await hasReadSince(RELOAD, moment), true);
    await stop(second);
  });

  test('nothing has to be read again after the machine was started again', async () => {
    const engine = await start();
    await sleep(30);
    assert.equal(await hasReadSince(RESTART, { ...thisMoment(), bootId: 'another' }), true);
    await stop(engine);
  });
});

describe('where systemd runs', () => {
  /** The answer to `systemctl show`, as systemd.directives(7) has it, of a systemd that is not here. */
  function ask(how: typeof RESTART | typeof RELOAD, answer: string, microseconds: number): string {
    const systemctl = join(scratch, 'systemctl');
    writeFileSync(systemctl, `#!/bin/sh\ncat <<'END'\n${answer}\nEND\n`, { mode: 0o755 });
    const code = `
      import { hasReadSince, thisMoment } from '${join(import.meta.dirname, 'restart.ts')}';
      const moment = { ...thisMoment(), microseconds: ${microseconds} };
      console.log(String(await hasReadSince(${JSON.stringify(how)}, moment)));`;
    return inNamespace(systemctl, code).trim();
  }

  /** Where systemd seems to run, and systemctl is another. */
  function inNamespace(systemctl: string, code: string): string {
    const script = `
      mount -t tmpfs none /run && mkdir -p /run/systemd/system
      mount --bind "$1" "$(command -v systemctl)"
      shift
      exec "$@"`;
    const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
    const program = [...node, '--input-type=module-typescript', '--eval', code];
    const args = ['--mount', 'sh', '-ec', script, 'sh', systemctl, ...program];
    return execFileSync('unshare', args, { encoding: 'utf8' });
  }

  /** What systemctl is called with to bring a change into force, by an engine that has not read it. */
  function callsOf(asked: boolean): readonly string[] {
    const systemctl = join(scratch, 'systemctl');
    const log = join(scratch, 'calls');
    const answer = 'printf "ActiveState=active\\nActiveEnterTimestampMonotonic=5000\\n"';
    writeFileSync(systemctl, `#!/bin/sh\necho "$*" >>${log}\n${answer}\n`, { mode: 0o755 });
    writeFileSync(log, '');
    const code = `
      import { bringIntoForce } from '${join(import.meta.dirname, 'in-force.ts')}';
      import { thisMoment } from '${join(import.meta.dirname, 'restart.ts')}';
      const since = { ...thisMoment(), microseconds: 6000 };
      await bringIntoForce({ restart: ${asked} }, ${JSON.stringify(RESTART)}, since);`;
    inNamespace(systemctl, code);
    return readFileSync(log, 'utf8').trimEnd().split('\n');
  }

  test('no engine is restarted but by --restart', () => {
    const look = 'show --property=ActiveState,ActiveEnterTimestampMonotonic crio.service';
    assert.deepEqual(callsOf(false), [look]);
    assert.deepEqual(callsOf(true), [look, 'daemon-reload', 'restart crio.service']);
  });

  const active = 'ActiveState=active\nActiveEnterTimestampMonotonic=5000';
  for (const [title, how, answer, moment, expected] of [
    ['an engine that was restarted after the change', RESTART, active, 4000, 'true'],
    ['an engine that was restarted before the change', RESTART, active, 6000, 'false'],
    [
      'an engine that was reloaded',
      RELOAD,
      'ActiveState=active\nStateChangeTimestampMonotonic=5000',
      4000,
      'true',
    ],
    [
      'an engine that does not run',
      RESTART,
      'ActiveState=inactive\nActiveEnterTimestampMonotonic=0',
      1,
      'true',
    ],
    ['an engine that nobody tells of', RESTART, 'ActiveState=active', 1, 'undefined'],
  ] as const) {
    test(`${title}: has read it: ${expected}`, () => {
      assert.equal(ask(how, answer, moment), expected);
    });
  }
});
