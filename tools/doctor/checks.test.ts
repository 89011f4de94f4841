import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { FakeTpm } from '#hook/log/tpm-fake';
import { checkExecutable } from './executable.ts';
import { checkIma } from './ima.ts';
import { checkLibraries } from './libraries.ts';
import { checkPcrChoice } from './pcr-choice.ts';
import { checkRuntimes, compareVersions } from './runtimes.ts';
import { checkTools } from './tools.ts';

const base = '/var/lib/oci-measure-test';
let directory: string;

before(() => {
  mkdirSync(base, { recursive: true });
  directory = mkdtempSync(join(base, 'checks-'));
});
after(() => rmSync(directory, { recursive: true }));

/** A program, as programs of this name are known to answer. */
function install(name: string, script: string): void {
  writeFileSync(join(directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function uninstall(...names: readonly string[]): void {
  for (const name of names) rmSync(join(directory, name), { force: true });
}

describe('checkPcrChoice', () => {
  const expected = new Map<string, readonly number[]>([
    ['ok', [13]],
    ['warning', [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 14, 15]],
    ['problem', [10, 16, 17, 18, 19, 20, 21, 22, 23]],
  ]);
  for (const [status, pcrs] of expected) {
    test(`${pcrs.join(', ')}: ${status}`, () => {
      for (const pcr of pcrs) assert.equal(checkPcrChoice(pcr)[0]?.status, status, `PCR ${pcr}`);
    });
  }
});

describe('checkIma', () => {
  const tpm = new FakeTpm();

  test('asks nothing of a kernel that is to list nothing', async () => {
    const findings = await checkIma({ mode: 'off', signatures: '/nowhere' }, tpm);
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['ok'],
    );
  });

  test('finds that signatures are nowhere', async () => {
    const about = async (signatures: string) =>
      (await checkIma({ mode: 'require', signatures }, tpm)).filter(({ found }) =>
        found.startsWith('ima.signatures'),
      );
    assert.deepEqual(await about(directory), []);
    const [finding] = await about(join(directory, 'nowhere'));
    assert.equal(finding?.status, 'warning');
  });
});

describe('checkTools', () => {
  test('each missing program is a problem that names its package', async () => {
    const findings = await checkTools([directory]);
    assert.deepEqual(
      findings.map(({ status, mend }) => [status, mend]),
      [
        ['problem', 'apt-get install tpm2-tools'],
        ['problem', 'apt-get install tpm2-tools'],
        ['problem', 'apt-get install tpm2-tools'],
        ['problem', 'apt-get install coreutils'],
      ],
    );
  });

  test('versions are told, and one that does not run is a problem', async () => {
    install('tpm2_getcap', `echo 'tool="tpm2_getcap" version="5.4" tctis="libtss2-tctildr"'`);
    install('tpm2_pcrread', 'exit 127');
    install('timeout', `echo 'timeout (GNU coreutils) 9.1'`);
    const [getcap, pcrread, , timeout] = await checkTools([directory]);
    assert.deepEqual([getcap?.status, getcap?.found], ['ok', `${directory}/tpm2_getcap 5.4`]);
    assert.equal(pcrread?.status, 'problem');
    assert.match(pcrread.found, /does not run/);
    assert.deepEqual([timeout?.status, timeout?.found], ['ok', `${directory}/timeout 9.1`]);
    uninstall('tpm2_getcap', 'tpm2_pcrread', 'timeout');
  });

  test('the environment of whoever runs doctor does not reach them', async () => {
    process.env['ONLY_HERE'] = '6.6';
    install('timeout', `echo "timeout \${ONLY_HERE-5.5}"`);
    const findings = await checkTools([directory]);
    delete process.env['ONLY_HERE'];
    assert.match(findings[3]?.found ?? '', /timeout 5\.5$/);
    uninstall('timeout');
  });
});

describe('checkRuntimes', () => {
  test('none at all is a warning', async () => {
    const findings = await checkRuntimes([directory]);
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['warning'],
    );
  });

  const cases: readonly (readonly [string, name: string, script: string, status: string])[] = [
    [
      'a runtime that lists createRuntime is ok',
      'runc',
      `echo '{"hooks":["prestart","createRuntime"]}'`,
      'ok',
    ],
    [
      'a runtime that lists other hooks alone is a problem',
      'runc',
      `echo '{"hooks":["prestart"]}'`,
      'problem',
    ],
    [
      'a crun without features is known by its version',
      'crun',
      `[ "$1" = --version ] && echo 'crun version 1.8.1' || { echo 'unknown command features' >&2; exit 1; }`,
      'ok',
    ],
    [
      'a crun from before createRuntime is a problem',
      'crun',
      `[ "$1" = --version ] && echo 'crun version 0.11' || exit 1`,
      'problem',
    ],
    ['a runtime that prints nonsense is a problem', 'runc', 'echo nonsense', 'problem'],
    ['a runtime that does not run is a problem', 'youki', 'exit 1', 'problem'],
  ];
  for (const [title, name, script, status] of cases) {
    test(title, async () => {
      install(name, script);
      const [finding, absent] = await checkRuntimes([directory]);
      uninstall(name);
      assert.equal(finding?.status, status, finding?.found ?? 'no finding');
      assert.match(absent?.found ?? '', /: not installed$/);
    });
  }

  test('versions are compared by numbers', () => {
    assert.ok(compareVersions('1.10', '1.9') > 0);
    assert.ok(compareVersions('0.11', '0.12') < 0);
    assert.equal(compareVersions('1.0', '1.0.0'), 0);
  });
});

describe('checkLibraries', () => {
  test('the ones that Node needs are found, and are of root', () => {
    const [finding] = checkLibraries();
    assert.equal(finding?.status, 'ok');
    for (const name of [/libc\.so\.6/, /libstdc\+\+\.so\.6/]) assert.match(finding.found, name);
  });

  test('one that others can change is a problem', () => {
    const library = join(directory, 'libc.so.6');
    writeFileSync(library, '');
    chmodSync(library, 0o666);
    assert.equal(checkLibraries([library])[0]?.status, 'problem');
  });
});

describe('checkExecutable', () => {
  test('one that others can change is a problem', () => {
    const path = join(directory, 'oci-measure');
    writeFileSync(path, '', { mode: 0o755 });
    chmodSync(path, 0o777);
    assert.equal(checkExecutable(path)[0]?.status, 'problem');
  });

  test('Node itself is no measurable hook', () => {
    assert.equal(checkExecutable(process.execPath)[0]?.status, 'warning');
  });
});
