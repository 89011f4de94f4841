import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { followRecord } from '#hook/log/container-map';
import { readBootId } from '#hook/log/log-session';
import type { ContainerEvent } from '#hook/log/measurement-event';
import { processStartTime } from '#hook/log/process-start';
import { makeTestDirectory, parseOutput, run, runOnTerminal } from './program.fixture.ts';

const ESCAPE = '\u001b';
const WEB = `3f2a${'0'.repeat(60)}`;
const DATABASE = `3f2b${'0'.repeat(60)}`;
const HOSTILE = 'evil\u001b[2J';
const digestOf = (digit: string) => `sha256:${digit.repeat(64)}` as const;

let home: string;
let config: string;

before(() => {
  home = makeTestDirectory('containers');
  chmodSync(home, 0o755);
  config = join(home, 'config.toml');
  writeFileSync(config, `state = "${home}/state"\n[ima]\nmode = "off"\n`);
  writeFileSync(join(home, 'empty.toml'), `state = "${home}/nothing"\n`);
  const directory = join(home, 'state', 'containers');
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const me = { pid: process.pid, startTime: processStartTime(process.pid) ?? 0 };
  const gone = { pid: process.pid, startTime: 1 };
  measured(directory, { id: WEB, ...me, rootfs: digestOf('a') }, 1_000_000);
  measured(
    directory,
    { id: DATABASE, ...gone, rootfs: digestOf('b'), writable: [digestOf('c')] },
    2_000_000,
  );
  const annotations = { image: 'docker.io/x:1\n', pod: 'p', namespace: 'n', container: 'c' };
  measured(
    directory,
    { id: HOSTILE, ...gone, view: 'merged', writable: [], annotations },
    3_000_000,
  );
});
after(() => rmSync(home, { recursive: true }));

/** Puts a container into the map, as the hook does once its record is in the log. */
function measured(directory: string, members: Partial<ContainerEvent>, timestamp: number): void {
  const event: ContainerEvent = {
    type: 'container',
    id: 'x',
    pid: 1,
    startTime: 1,
    rootfs: digestOf('d'),
    view: 'overlay',
    writable: ['pristine'],
    pruned: [],
    process: digestOf('e'),
    env: digestOf('e'),
    loader: [],
    mounts: [],
    readonly: false,
    namespaces: [],
    devices: [],
    seccomp: false,
    hooks: [],
    annotations: {},
    ns: { mnt: 4026531840 },
    ...members,
  };
  followRecord(directory, {
    event,
    pcr: 13,
    digests: new Map(),
    string: '',
    bootId: readBootId(),
    timestamp,
    sha256: digestOf('f'),
    offset: 0,
    length: 1,
  });
}

async function containers(...args: readonly string[]) {
  return await run(['containers', '--config', config, ...args], { withoutContainers: true });
}

describe('containers', () => {
  test('tells the digest of each container in full where it is not cut for a terminal', async () => {
    const { exitCode, stdout, stderr } = await containers();
    assert.deepEqual([exitCode, stderr], [0, '']);
    const lines = stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/ {2,}/));
    assert.deepEqual(
      lines.map(([id, digest, writable, state]) => [id, digest, writable, state]),
      [
        ['CONTAINER', 'ROOTFS DIGEST', 'WRITABLE', 'STATE'],
        [WEB, digestOf('a'), 'pristine', 'running'],
        [DATABASE, digestOf('b'), 'changed', 'gone'],
        ['evil\\x1b[2J', digestOf('d'), 'merged', 'gone'],
      ],
    );
    assert.deepEqual(lines[3]?.slice(5), ['docker.io/x:1\\x0a', 'n/p/c']);
  });

  test('is short and in colour on a terminal, and no name that a tenant chose can steer it', async () => {
    const shown = await runOnTerminal(['containers', '--config', config], { TERM: 'xterm' });
    assert.ok(shown.includes(`${ESCAPE}[32mpristine`));
    assert.ok(!shown.includes(`${ESCAPE}[2J`));
    assert.ok(!shown.includes(WEB));
    assert.ok(shown.includes(WEB.slice(0, 12)));
    const plain = await runOnTerminal(['containers', '--config', config], { NO_COLOR: '1' });
    assert.ok(!plain.includes(ESCAPE));
  });

  test('--json says what docs/schema/containers.json says, with nothing cut', async () => {
    const output = parseOutput('containers', (await containers('--json')).stdout);
    assert.ok(Array.isArray(output));
    assert.deepEqual(
      output.map((one) => [one.id, one.measured, one.digest, one.running]),
      [
        [WEB, true, digestOf('a'), true],
        [DATABASE, true, digestOf('b'), false],
        [HOSTILE, true, digestOf('d'), false],
      ],
    );
  });

  test('the beginning of an id will do where one container alone has it', async () => {
    const { exitCode, stdout } = await containers('3f2a');
    assert.equal(exitCode, 0);
    assert.match(stdout, new RegExp(`^container +${WEB}\nrootfs digest +${digestOf('a')}\n`));
    const output = parseOutput('containers', (await containers('3f2b', '--json')).stdout);
    assert.ok(Array.isArray(output));
    assert.deepEqual(
      output.map(({ id }) => id),
      [DATABASE],
    );
  });

  test('the beginning of two ids is refused, and both are named', async () => {
    const { exitCode, stdout, stderr } = await containers('3f2');
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.equal(
      stderr,
      `oci-measure: error: 2 containers have an id that begins with "3f2": "${WEB}", "${DATABASE}"\n`,
    );
  });

  test('an unknown container is not an empty answer', async () => {
    for (const id of ['4', '', `${WEB}0`, '../state']) {
      const { exitCode, stdout, stderr } = await containers(id, '--json');
      assert.deepEqual([exitCode, stdout], [1, ''], id);
      assert.match(stderr, /^oci-measure: error: no container has the id /);
    }
  });

  test('where nothing was measured yet there is none', async () => {
    const empty = ['containers', '--config', join(home, 'empty.toml')];
    assert.deepEqual(await run(empty, { withoutContainers: true }), {
      exitCode: 0,
      stdout: 'no containers\n',
      stderr: '',
    });
    const json = await run([...empty, '--json'], { withoutContainers: true });
    assert.equal(json.stdout, '[]\n');
    assert.equal((await run([...empty, 'x'])).exitCode, 1);
  });

  test('who may not read the map is not told that it is empty', async () => {
    const { exitCode, stdout, stderr } = await run(['containers', '--config', config], {
      asNobody: true,
      withoutContainers: true,
    });
    assert.deepEqual([exitCode, stdout], [1, '']);
    assert.match(
      stderr,
      /^oci-measure: error: cannot read the container map: EACCES.*\noci-measure: hint: run it as root\n$/,
    );
  });

  test('a column that would say nothing is left out', async () => {
    const state = join(home, 'nameless');
    const directory = join(state, 'containers');
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    measured(directory, { id: 'x'.repeat(64), rootfs: digestOf('a') }, 1_000_000);
    const file = join(home, 'nameless.toml');
    writeFileSync(file, `state = "${state}"\n`);
    const { stdout } = await run(['containers', '--config', file], { withoutContainers: true });
    assert.match(stdout, /^CONTAINER +ROOTFS DIGEST +WRITABLE +STATE +STARTED\n/);
  });

  test('a broken entry is told, not left out', async () => {
    const broken = join(home, 'state', 'containers', 'broken.json');
    writeFileSync(broken, '{}');
    const { exitCode, stdout } = await containers();
    rmSync(broken);
    assert.deepEqual([exitCode, stdout], [1, '']);
  });
});
