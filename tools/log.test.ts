import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { withLogSession } from '#hook/log/log-session';
import type { MeasurementEvent } from '#hook/log/measurement-event';
import { type Swtpm, startSwtpm } from '#hook/log/swtpm.fixture';
import { createTpmTools } from '#hook/log/tpm-tools';
import { parseOutput, type Run, run, runOnTerminal } from './program.fixture.ts';

const ESCAPE = '\u001b';
const PCR = 13;
const DIGEST = `sha256:${'a'.repeat(64)}` as const;
const start = { id: 'web\u001b[2J', pid: 42, startTime: 7 };
const skipped: MeasurementEvent = { type: 'skipped', ...start, class: 'build', annotations: {} };
const denied: MeasurementEvent = {
  type: 'denied',
  ...start,
  code: 'rootfs',
  reason: 'gone\nforged',
};

let tpm: Swtpm;
let state: string;
let config: string;
let file: string;

before(async () => {
  tpm = await startSwtpm();
  state = join(tpm.directory, 'state');
  config = join(tpm.directory, 'config.toml');
  file = join(state, 'measurements.cel');
  writeConfig(config, tpm.tcti);
});
after(async () => await tpm[Symbol.asyncDispose]());

/** Each test begins after a boot: PCR 13 holds zeros, and the state directory is gone. */
beforeEach(() => {
  rmSync(state, { recursive: true, force: true });
  const control = tpm.tcti.replace('swtpm:path=', '');
  execFileSync('swtpm_ioctl', ['--unix', `${control}.ctrl`, '-i']);
  execFileSync('tpm2_startup', ['-T', tpm.tcti, '-c']);
});

function writeConfig(path: string, tcti: string): void {
  writeFileSync(path, `state = "${state}"\n[tpm]\ntcti = "${tcti}"\n[ima]\nmode = "off"\n`);
}

async function append(...events: readonly MeasurementEvent[]): Promise<void> {
  const options = {
    state,
    pcr: PCR,
    tpm: (lockFd: number) => createTpmTools({ tcti: tpm.tcti, timeoutSeconds: 10, lockFd }),
    version: '0.0.0',
    configDigest: DIGEST,
    lockTimeoutMs: 5000,
  };
  await withLogSession(options, async (session) => {
    for (const event of events) await session.append(event);
  });
}

function extendBySomebodyElse(): void {
  execFileSync('tpm2_pcrextend', ['-T', tpm.tcti, `${PCR}:sha256=${'1'.repeat(64)}`]);
}

async function log(...args: readonly string[]): Promise<Run> {
  return await run(['log', '--config', config, ...args]);
}

async function logJSON(): Promise<{ readonly exitCode: number | undefined; readonly output: any }> {
  const { exitCode, stdout } = await log('--json');
  return { exitCode, output: parseOutput('log', stdout) };
}

describe('log', () => {
  test('before the first container there is none, and the TPM agrees', async () => {
    const { exitCode, stdout, stderr } = await log();
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /measurements\.cel: not there, so nothing was measured yet\n/);
    const { output } = await logJSON();
    assert.deepEqual([output.present, output.records, output.tpm.result], [false, [], 'agrees']);
  });

  test('tells each record in one line, and that it replays to the PCR', async () => {
    await append(skipped, denied);
    const { exitCode, stdout, stderr } = await log();
    assert.deepEqual([exitCode, stderr], [0, '']);
    const lines = stdout.split('\n');
    assert.match(lines[0] ?? '', /^# +TIME +PCR +TYPE +CONTAINER$/);
    assert.match(
      lines[1] ?? '',
      /^0 +\d{4}-\d\d-\d\dT[\d:]{8}Z +13 +init +PCR 13 was zero; version/,
    );
    assert.match(lines[2] ?? '', /^1 .* skipped +web\\x1b\[2J +not measured: build$/);
    assert.match(lines[3] ?? '', /^2 .* denied +web\\x1b\[2J +rootfs: gone\\x0aforged$/);
    assert.match(
      lines.at(-2) ?? '',
      /^PCR 13: the log accounts for the TPM's value in sha256, sha1, /,
    );
  });

  test('--json says what docs/schema/log.json says: every record, and the values', async () => {
    await append(skipped);
    const { exitCode, output } = await logJSON();
    assert.equal(exitCode, 0);
    assert.deepEqual(output.records[1].event, skipped);
    assert.equal(output.tpm.result, 'agrees');
    assert.deepEqual(output.replay.values, output.tpm.values);
    assert.equal(output.intent, false);
    const { offset, length } = output.records[1];
    assert.equal(offset + length, readFileSync(file).length);
  });

  test('is in colour on a terminal, and no id can steer it', async () => {
    await append(skipped);
    const shown = await runOnTerminal(['log', '--config', config], { TERM: 'xterm' });
    assert.ok(shown.includes(`${ESCAPE}[33mskipped`));
    assert.ok(!shown.includes(`${ESCAPE}[2J`));
  });

  test('what somebody else extended last makes it differ, and the bank is named', async () => {
    await append(skipped);
    extendBySomebodyElse();
    const { exitCode, stderr } = await log();
    assert.equal(exitCode, 1);
    assert.match(stderr, /measurements\.cel: the log replays to other values in sha256\n$/);
    assert.equal((await logJSON()).output.tpm.result, 'differs');
  });

  test('a PCR that was extended without a log differs too', async () => {
    extendBySomebodyElse();
    const { exitCode, stderr } = await log();
    assert.equal(exitCode, 1);
    assert.match(stderr, /the PCR was extended, and there is no record of it\n$/);
  });

  test('a gap that the log shows is marked, and is no failure of the log', async () => {
    await append(skipped);
    extendBySomebodyElse();
    await append(skipped);
    const { exitCode, stdout } = await log();
    assert.equal(exitCode, 0);
    assert.match(stdout, / gap +somebody else extended the PCR, or records are gone\n/);
    assert.match(stdout, /\n1 gap: nothing before the last one is proven\n/);
    const { output } = await logJSON();
    assert.equal(output.replay.gaps.length, 1);
    assert.equal(output.replay.gaps[0].record, 2);
  });

  test('a torn end is told with its place, and the records before it are shown', async () => {
    await append(skipped);
    const { length } = readFileSync(file);
    appendFileSync(file, '\u001e{"pcr":13,');
    const { exitCode, stdout, stderr } = await log();
    assert.equal(exitCode, 1);
    assert.match(stdout, /\n1 .* skipped /);
    assert.ok(stderr.includes(`record 2 at byte ${length}: torn after 11 bytes`), stderr);
    assert.deepEqual((await logJSON()).output.fault.kind, 'torn');
  });

  test('a record that is not one is told with its place', async () => {
    await append(skipped);
    const bytes = readFileSync(file);
    const second = bytes.indexOf(0x1e, 1);
    bytes.write('web', bytes.indexOf('"skipped"'));
    writeFileSync(file, bytes);
    const { exitCode, stdout, stderr } = await log();
    assert.equal(exitCode, 1);
    assert.match(stdout, /\n?0 .* init /);
    assert.ok(stderr.includes(`record 1 at byte ${second}`), stderr);
    assert.equal((await logJSON()).output.fault.offset, second);
  });

  test('a record whose digest is not that of its string does not replay', async () => {
    await append(skipped);
    const text = readFileSync(file, 'utf8');
    writeFileSync(
      file,
      text.replace('"pid\\":42', '"pid\\":43').replace('\\"pid\\":42', '\\"pid\\":43'),
    );
    const { exitCode, stderr } = await log();
    assert.equal(exitCode, 1);
    assert.match(stderr, /record 1: has a digest that is not that of its string\n$/);
    assert.match((await logJSON()).output.replay.refusal, /record 1/);
  });

  test('a log that lost its end differs', async () => {
    await append(skipped);
    const bytes = readFileSync(file);
    truncateSync(file, bytes.indexOf(0x1e, 1));
    assert.equal((await log()).exitCode, 1);
  });

  test('without a TPM in reach it is not compared, and says so', async () => {
    await append(skipped);
    const other = join(tpm.directory, 'no-tpm.toml');
    writeConfig(other, 'device:/dev/null/none');
    const { exitCode, stdout } = await run(['log', '--config', other]);
    assert.equal(exitCode, 0);
    assert.match(stdout, /PCR 13: not compared with the TPM: tpm2_getcap /);
  });

  test('an intent that is left over is told', async () => {
    await append(skipped);
    writeFileSync(join(state, 'intent.json'), 'x');
    const { stdout } = await log();
    assert.match(
      stdout,
      /a hook is at work or was stopped: the next container start settles it\n$/,
    );
  });
});
