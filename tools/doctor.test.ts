import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { appendFileSync, chmodSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, beforeEach, describe, test } from 'node:test';
import { withLogSession } from '#hook/log/log-session';
import { type Swtpm, startSwtpm } from '#hook/log/swtpm.fixture';
import { createTpmTools } from '#hook/log/tpm-tools';
import type { Finding } from '#tools/doctor/finding';
import { parseOutput, type RunOptions, run, runOnTerminal } from './program.fixture.ts';

const ESCAPE = '\u001b';

let tpm: Swtpm;
let state: string;
let config: string;

before(async () => {
  tpm = await startSwtpm();
  state = join(tpm.directory, 'state');
  config = join(tpm.directory, 'config.toml');
  chmodSync(tpm.directory, 0o755);
});
after(async () => await tpm[Symbol.asyncDispose]());

beforeEach(() => {
  rmSync(state, { recursive: true, force: true });
  rmSync(config, { force: true });
  const control = tpm.tcti.replace('swtpm:path=', '');
  execFileSync('swtpm_ioctl', ['--unix', `${control}.ctrl`, '-i']);
  execFileSync('tpm2_startup', ['-T', tpm.tcti, '-c']);
  configure({});
});

function configure({ tcti = tpm.tcti, pcr = 13, ima = 'off', more = '' }): void {
  const lines = [`state = "${state}"`, more, '[tpm]', `tcti = "${tcti}"`, `pcr = ${pcr}`];
  writeFileSync(config, [...lines, '[ima]', `mode = "${ima}"`, ''].join('\n'), { mode: 0o644 });
}

async function writeLog(): Promise<void> {
  const options = {
    state,
    pcr: 13,
    tpm: (lockFd: number) => createTpmTools({ tcti: tpm.tcti, timeoutSeconds: 10, lockFd }),
    version: '0.0.0',
    configDigest: `sha256:${'a'.repeat(64)}`,
    lockTimeoutMs: 5000,
  } as const;
  await withLogSession(options, async () => {});
}

interface Report {
  readonly healthy: boolean;
  readonly findings: readonly Finding[];
}

async function doctor(
  options: RunOptions = {},
): Promise<Report & { readonly exitCode: number | undefined }> {
  const args = ['doctor', '--json', '--config', config];
  const { exitCode, stdout, stderr } = await run(args, options);
  assert.equal(stderr, '');
  parseOutput('doctor', stdout);
  const report: Report = JSON.parse(stdout);
  return { ...report, exitCode };
}

function only(report: Report, check: string): readonly Finding[] {
  return report.findings.filter((finding) => finding.check === check);
}

describe('doctor', () => {
  test('finds nothing wrong with a TPM, a configuration and a log that are sound', async () => {
    await writeLog();
    const report = await doctor();
    for (const check of [
      'configuration',
      'tpm',
      'pcr',
      'ima',
      'state-directory',
      'measurement-log',
    ]) {
      const [finding, ...others] = only(report, check);
      assert.equal(finding?.status, 'ok', finding?.found ?? check);
      assert.deepEqual(others, []);
    }
    assert.match(only(report, 'tpm')[0]?.found ?? '', /^swtpm:path=.*: PCR 13 in .*sha256/);
    assert.equal(only(report, 'measurement-log')[0]?.found, '1 record, which account for the PCR');
  });

  test('the exit code and `healthy` say whether there is a problem', async () => {
    const sound = await doctor();
    const hasProblem = sound.findings.some(({ status }) => status === 'problem');
    assert.deepEqual([sound.exitCode, sound.healthy], [hasProblem ? 1 : 0, !hasProblem]);
    configure({ ima: 'require' });
    const { exitCode, healthy } = await doctor();
    assert.deepEqual([exitCode, healthy], [1, false]);
  });

  type Plant = () => void | Promise<void>;
  const planted: readonly (readonly [string, Plant, string, RegExp, Finding['status']?])[] = [
    [
      'an unknown key',
      () => configure({ more: 'stat = "/x"' }),
      'configuration',
      /unknown key "stat"/,
    ],
    [
      'a configuration that others write',
      () => chmodSync(config, 0o666),
      'configuration',
      /is writable by everybody/,
    ],
    ['no configuration where one is named', () => rmSync(config), 'configuration', /is not there/],
    ["IMA's PCR", () => configure({ pcr: 10 }), 'configuration', /tpm\.pcr: expected/],
    [
      'a PCR that can be reset',
      () => configure({ pcr: 16 }),
      'configuration',
      /tpm\.pcr: expected/,
    ],
    [
      "the firmware's PCR",
      () => configure({ pcr: 7 }),
      'pcr',
      /also extended by firmware/,
      'warning',
    ],
    [
      'a TPM that is not there',
      () => configure({ tcti: 'device:/dev/nowhere' }),
      'tpm',
      /\/dev\/nowhere/,
    ],
    ['a kernel without IMA', () => configure({ ima: 'require' }), 'ima', /kernel has no IMA/],
    [
      'a kernel without IMA, where that may be',
      () => configure({ ima: 'try' }),
      'ima',
      /kernel has no IMA/,
      'warning',
    ],
    [
      'a state directory that others write',
      async () => {
        await writeLog();
        chmodSync(state, 0o777);
      },
      'state-directory',
      /is writable by others/,
    ],
    [
      'a log that does not account for the PCR',
      async () => {
        await writeLog();
        execFileSync('tpm2_pcrextend', ['-T', tpm.tcti, `13:sha256=${'1'.repeat(64)}`]);
      },
      'measurement-log',
      /replays to other values in sha256/,
    ],
    [
      'a malformed log',
      async () => {
        await writeLog();
        appendFileSync(join(state, 'measurements.cel'), 'nonsense\n');
      },
      'measurement-log',
      /record 1 at byte \d+/,
    ],
    [
      'a torn log, which the hook settles',
      async () => {
        await writeLog();
        appendFileSync(join(state, 'measurements.cel'), '\u001e{');
      },
      'measurement-log',
      /torn after 2 bytes/,
      'warning',
    ],
    [
      'a left-over intent, which the hook settles',
      async () => {
        await writeLog();
        writeFileSync(join(state, 'intent.json'), '{}');
      },
      'measurement-log',
      /an intent is left over/,
      'warning',
    ],
    [
      'a gap',
      async () => {
        execFileSync('tpm2_pcrextend', ['-T', tpm.tcti, `13:sha256=${'1'.repeat(64)}`]);
        await writeLog();
      },
      'measurement-log',
      /the log has gaps: 1/,
      'warning',
    ],
  ];
  for (const [title, plant, check, found, status = 'problem'] of planted) {
    test(`finds ${title}, and has a mend`, async () => {
      await plant();
      const report = await doctor();
      const finding = only(report, check).find((one) => found.test(one.found));
      assert.equal(finding?.status, status, JSON.stringify(only(report, check)));
      assert.notEqual(finding.mend ?? '', '');
      if (status === 'problem') assert.equal(report.exitCode, 1);
    });
  }

  test('says what it could not look at, and why, when it is not run by root', async () => {
    await writeLog();
    configure({ tcti: 'device:/dev/nowhere' });
    const report = await doctor({ asNobody: true });
    const log = only(report, 'measurement-log')[0];
    assert.equal(log?.status, 'warning');
    assert.match(log.found, /was not seen: .*EACCES/);
    assert.equal(log.mend, 'run `oci-measure doctor` as root');
    assert.equal(only(report, 'tpm')[0]?.status, 'warning');
    assert.equal(only(report, 'configuration')[0]?.status, 'ok');
  });

  test('is text without colour where nobody looks, and in colour on a terminal unless NO_COLOR is set', async () => {
    configure({ ima: 'require' });
    const args = ['doctor', '--config', config];
    const { stdout } = await run(args);
    assert.ok(!stdout.includes(ESCAPE));
    assert.match(
      stdout,
      /^problem +ima +this kernel has no IMA\n +expected: .*\n +mend: .* set mode = "off" under \[ima\] of the configuration$/m,
    );
    assert.match(stdout, /\n\d+ problems?, \d+ warnings?\n$/);
    assert.ok((await runOnTerminal(args, { TERM: 'xterm' })).includes(`${ESCAPE}[31mproblem`));
    assert.ok(!(await runOnTerminal(args, { NO_COLOR: '1' })).includes(ESCAPE));
  });
});
