import assert from 'node:assert/strict';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { checkHooksDirectories } from './hooks-directories.ts';

const FILE = '10-oci-measure.json';
const base = '/var/lib/oci-measure-test';
let directory: string;
let executable: string;

interface Planted {
  readonly version?: unknown;
  readonly hook?: Readonly<Record<string, unknown>>;
  readonly when?: unknown;
  readonly stages?: unknown;
}

/** A good entry with something else planted into it. */
function plant({ hook = {}, ...rest }: Planted): void {
  const entry = {
    version: '1.0.0',
    hook: {
      path: executable,
      args: ['oci-measure', 'hook', 'createRuntime'],
      env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
      timeout: 100,
      ...hook,
    },
    when: { always: true },
    stages: ['createRuntime'],
    ...rest,
  };
  plantText(JSON.stringify(entry));
}

function plantText(text: string): void {
  writeFileSync(join(directory, FILE), text);
}

function check() {
  return checkHooksDirectories({
    directories: [directory, join(directory, 'missing')],
    config: { file: undefined, deadline: 90 },
    executable,
    mend: 'oci-measure install podman',
  });
}

before(() => {
  mkdirSync(base, { recursive: true });
  const home = mkdtempSync(join(base, 'hook-entries-'));
  directory = join(home, 'hooks.d');
  executable = join(home, 'oci-measure');
  mkdirSync(directory);
  writeFileSync(executable, '#!/bin/sh\n', { mode: 0o755 });
});

after(() => rmSync(join(directory, '..'), { recursive: true }));

describe('checkHooksDirectories', () => {
  test('a good entry is ok', () => {
    plant({});
    assert.deepEqual(
      check().map(({ status }) => status),
      ['ok'],
    );
  });

  const problems: readonly (readonly [title: string, planted: Planted, found: RegExp])[] = [
    ['no env', { hook: { env: undefined } }, /no env, so .*LD_PRELOAD/],
    [
      'an empty env, which Go leaves out when it writes config.json',
      { hook: { env: [] } },
      /no env/,
    ],
    ['LD_PRELOAD in env', { hook: { env: ['LD_PRELOAD=/x.so'] } }, /env has \["LD_PRELOAD=/],
    [
      'NODE_OPTIONS in env',
      { hook: { env: ['A=b', 'NODE_OPTIONS=-r x'] } },
      /env has \["NODE_OPTIONS=/,
    ],
    ['OPENSSL_CONF in env', { hook: { env: ['OPENSSL_CONF=/x'] } }, /env has \["OPENSSL_CONF=/],
    ['no timeout', { hook: { timeout: undefined } }, /no timeout/],
    [
      'a timeout that is the deadline',
      { hook: { timeout: 90 } },
      /timeout 90, so the runtime kills/,
    ],
    ['both stages', { stages: ['prestart', 'createRuntime'] }, /runs twice/],
    [
      'a stage where nothing is measured',
      { stages: ['poststop'] },
      /at none of which anything is measured/,
    ],
    [
      'args that do not say hook',
      { hook: { args: ['oci-measure', 'createRuntime'] } },
      /args \["oci-measure","createRuntime"\]/,
    ],
    [
      'a path where nothing is',
      { hook: { path: '/nowhere/oci-measure' } },
      /hook\.path "\/nowhere\/oci-measure" is not there/,
    ],
    [
      'a path that is a directory',
      { hook: { path: '/etc', args: ['oci-measure', 'hook'] } },
      /is not there, or no program/,
    ],
    ['a relative path', { hook: { path: 'oci-measure' } }, /expected an absolute hook\.path/],
    [
      'another version of the format',
      { version: '2.0.0' },
      /expected version "1\.0\.0", found "2\.0\.0"/,
    ],
  ];
  for (const [title, planted, found] of problems) {
    test(`${title} is a problem with a mend`, () => {
      plant(planted);
      const [finding, ...others] = check();
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, found);
      assert.notEqual(finding.mend ?? '', '');
      assert.deepEqual(others, []);
    });
  }

  test('a file that is not JSON is a problem, since it stops podman and CRI-O', () => {
    plantText('{"version":');
    assert.deepEqual(
      check().map(({ status }) => status),
      ['problem'],
    );
  });

  const warnings: readonly (readonly [title: string, planted: Planted, found: RegExp])[] = [
    [
      'an entry for some containers only',
      { when: { annotations: { a: 'b' } } },
      /only for some containers/,
    ],
    [
      'an entry for containers with volumes only, always or not',
      { when: { always: true, hasBindMounts: true } },
      /only for some containers/,
    ],
    [
      'another configuration than the one doctor looks at',
      { hook: { args: ['oci-measure', 'hook', '--config', '/etc/x.toml'] } },
      /uses \/etc\/x\.toml, doctor looked at the default configuration/,
    ],
  ];
  for (const [title, planted, found] of warnings) {
    test(`${title} is a warning`, () => {
      plant(planted);
      const [finding, ...others] = check();
      assert.equal(finding?.status, 'warning');
      assert.match(finding.found, found);
      assert.deepEqual(others, []);
    });
  }

  test('an executable that others can change is a problem', () => {
    plant({});
    chmodSync(executable, 0o757);
    assert.match(check()[0]?.found ?? '', /oci-measure" is writable by others \(mode 0757\)/);
    chmodSync(executable, 0o755);
    chownSync(executable, 1000, 0);
    assert.match(check()[0]?.found ?? '', /oci-measure" belongs to user 1000/);
    chownSync(executable, 0, 0);
    assert.equal(check()[0]?.status, 'ok');
  });

  test('a directory above it that others can change is a problem, and so is one behind a link', () => {
    const open = join(directory, '..', 'open');
    const link = join(directory, '..', 'link');
    mkdirSync(open);
    chmodSync(open, 0o777);
    writeFileSync(join(open, 'oci-measure'), '', { mode: 0o755 });
    symlinkSync('open', link);
    for (const path of [join(open, 'oci-measure'), join(link, 'oci-measure')]) {
      plant({ hook: { path } });
      assert.match(check()[0]?.found ?? '', /open" is writable by others/);
    }
  });

  test('an entry that others can change is a problem', () => {
    plant({});
    chmodSync(join(directory, FILE), 0o666);
    assert.match(check()[0]?.found ?? '', /10-oci-measure\.json" is writable by others/);
    chmodSync(join(directory, FILE), 0o644);
  });

  test('the program is known by any of its names', () => {
    const link = join(directory, '..', 'measure');
    symlinkSync('oci-measure', link);
    plant({ hook: { path: link, args: ['measure'] } });
    assert.match(check()[0]?.found ?? '', /args \["measure"\]/);
  });

  test('of the hooks of others it matters alone that they stop no container', () => {
    plant({ hook: { path: '/bin/true', args: ['other'], env: undefined } });
    const [finding, ...others] = check();
    assert.equal(finding?.status, 'warning');
    assert.match(finding.found, /no file in .* starts oci-measure/);
    assert.deepEqual(others, []);
  });

  const stopping: readonly (readonly [title: string, text: string, found: RegExp])[] = [
    [
      'without stages',
      '{"version":"1.0.0","hook":{"path":"/bin/true"},"when":{"always":true}}',
      /expected stages, found none/,
    ],
    [
      'with an unknown stage',
      '{"version":"1.0.0","hook":{"path":"/bin/true"},"when":{"always":true},"stages":["start"]}',
      /expected stages of .*, found "start"/,
    ],
    ['that is empty', '', /JSON/],
  ];
  for (const [title, text, found] of stopping) {
    test(`a file of others ${title} is a problem, beside ours`, () => {
      plant({});
      const file = join(directory, 'zz-other.json');
      writeFileSync(file, text);
      const findings = check();
      rmSync(file);
      assert.deepEqual(
        findings.map(({ status }) => status),
        ['problem', 'ok'],
      );
      assert.match(findings[0]?.found ?? '', found);
    });
  }

  test('a file of others whose program was removed is a warning, beside ours', () => {
    plant({});
    const file = join(directory, 'zz-other.json');
    const hook = { path: '/nowhere/other' };
    writeFileSync(file, JSON.stringify({ version: '1.0.0', hook, when: {}, stages: ['poststop'] }));
    const findings = check();
    rmSync(file);
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['warning', 'ok'],
    );
    assert.match(findings[0]?.found ?? '', /hook\.path "\/nowhere\/other" is not there/);
  });

  test('a file of the schema before is read', () => {
    const file = join(directory, 'old.json');
    writeFileSync(
      file,
      '{"version":"0.1.0","hook":"/bin/true","stages":["prestart"],"cmds":[".*"]}',
    );
    plant({});
    assert.deepEqual(
      check().map(({ status }) => status),
      ['ok'],
    );
    rmSync(file);
  });

  test('a file that engines read otherwise than it looks is a problem', () => {
    for (const member of [
      '"Hook":{"path":"/bin/true"}',
      '"When":{"always":false}',
      '"ſtages":[]',
      '"version":"1.0.0"',
    ]) {
      plant({});
      plantText(readFileSync(join(directory, FILE), 'utf8').replace(/\}$/, `,${member}}`));
      const [finding, ...others] = check();
      assert.equal(finding?.status, 'problem', member);
      assert.match(finding.found, /10-oci-measure\.json/);
      assert.deepEqual(others, []);
    }
  });

  test('a file of the same name in a later directory takes the place of ours', () => {
    plant({});
    const later = join(directory, 'missing');
    mkdirSync(later);
    writeFileSync(
      join(later, FILE),
      '{"version":"1.0.0","hook":{"path":"/bin/true"},"when":{},"stages":["poststop"]}',
    );
    const findings = check();
    rmSync(later, { recursive: true });
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['problem'],
    );
    assert.match(findings[0]?.found ?? '', /10-oci-measure\.json: not read, as .*missing/);
  });

  test('a directory that others can change is a problem', () => {
    plant({});
    chmodSync(directory, 0o777);
    const findings = check();
    chmodSync(directory, 0o755);
    assert.match(findings[0]?.found ?? '', /hooks\.d" is writable by others/);
  });
});
