/** Engines that no Debian package has, as their documentation has them: see testdata/README.md. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { makeTestDirectory, parseOutput } from '#tools/program.fixture';
import { checkContainerd } from './containerd.ts';
import { readContainerdConfig } from './containerd-config.ts';
import { checkCrio } from './crio.ts';
import { readCrioConfig } from './crio-config.ts';
import type { Daemon } from './daemons.ts';
import type { EngineSetup } from './engine-setup.ts';
import type { Finding } from './finding.ts';
import { parseGoDuration } from './go-duration.ts';
import { checkKubernetes } from './kubernetes.ts';
import { checkNri } from './nri.ts';

let home: string;
let executable: string;

before(() => {
  home = makeTestDirectory('documented');
  executable = join(home, 'oci-measure');
  writeFileSync(executable, '#!/bin/sh\n', { mode: 0o755 });
});
after(() => rmSync(home, { recursive: true }));

function documented(name: string, replaced: Readonly<Record<string, string>> = {}): string {
  const text = readFileSync(new URL(`testdata/${name}`, import.meta.url), 'utf8');
  return Object.entries(replaced).reduce((made, [mark, by]) => made.replaceAll(mark, by), text);
}

function setup(programs: string, daemons: readonly Daemon[] = []): EngineSetup {
  const config = { file: undefined, deadline: 90 };
  return {
    config,
    executable,
    daemons,
    records: undefined,
    classes: undefined,
    programs: [join(home, programs)],
  };
}

/** A program that prints a file. */
function install(directory: string, name: string, script: string): void {
  mkdirSync(join(home, directory), { recursive: true });
  writeFileSync(join(home, directory, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
}

function write(path: string, content: unknown): string {
  const file = join(home, path);
  writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
  return file;
}

function hook(): object {
  const env = ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'];
  return { path: executable, args: ['oci-measure', 'hook', 'createRuntime'], env, timeout: 100 };
}

function daemon(name: Daemon['name'], more: Partial<Daemon> = {}): Daemon {
  return {
    name,
    pid: process.pid,
    startedMs: Date.now(),
    executable: join(home, name),
    isReplaced: false,
    args: [],
    umask: 0o022,
    ...more,
  };
}

function wrong(findings: readonly Finding[]): readonly (readonly [string, string])[] {
  parseOutput('doctor', JSON.stringify({ healthy: true, findings }));
  return findings
    .filter(({ status }) => status !== 'ok')
    .map(({ status, found }) => [status, found]);
}

describe('containerd 2', () => {
  test('has handlers in a plugin of their own, and its drop-ins are told', async () => {
    const spec = write('base.json', { ociVersion: '1.2.0', hooks: { createRuntime: [hook()] } });
    const dump = documented('containerd-2-config-dump.toml', { '@SPEC@': spec });
    write('dump.toml', dump);
    install(
      'two',
      'containerd',
      `case $1 in --version) echo 'containerd containerd.io v2.1.4 x';; *) cat ${home}/dump.toml;; esac`,
    );
    const findings = await checkContainerd(setup('two'));
    assert.match(findings[0]?.found ?? '', /2\.1\.4, .*50-oci-measure\.toml$/);
    assert.deepEqual(wrong(findings), [
      ['warning', 'nvidia, for pods of its RuntimeClass, calls no hook'],
    ]);
  });

  test('has its CRI disabled by any of its names', () => {
    const dump = documented('containerd-2-config-dump.toml');
    for (const name of ['io.containerd.cri.v1.runtime', 'io.containerd.grpc.v1.cri', 'cri']) {
      const disabled = dump.replace('disabled_plugins = []', `disabled_plugins = ['${name}']`);
      assert.equal(readContainerdConfig(disabled).hasCri, false, name);
    }
    assert.equal(readContainerdConfig(dump).hasCri, true);
  });
});

describe('CRI-O', () => {
  test('is asked for what is in force while it runs', async () => {
    const hooks = join(home, 'hooks.d');
    mkdirSync(hooks);
    const file = {
      version: '1.0.0',
      hook: hook(),
      when: { always: true },
      stages: ['createRuntime'],
    };
    write('hooks.d/oci-measure.json', file);
    write(
      'status.toml',
      documented('crio-status-config.toml', { '@HOOKS@': hooks, '@RUNTIME@': '/usr/bin/crun' }),
    );
    install(
      'crio',
      'crio',
      `case "$*" in --version) echo 'crio version 1.34.0';; 'status config') cat ${home}/status.toml;; *) exit 1;; esac`,
    );
    const running = daemon('crio', { executable: join(home, 'crio/crio') });
    const findings = await checkCrio(setup('crio', [running]));
    assert.match(
      findings[0]?.found ?? '',
      /crio 1\.34\.0, asked by status config, reads .*hooks\.d$/,
    );
    assert.deepEqual(wrong(findings), [
      ['warning', 'kata: a virtual machine, whose container is made inside it'],
    ]);
    const strict = { ...running, umask: 0o077 };
    assert.match(wrong(await checkCrio(setup('crio', [strict])))[1]?.[1] ?? '', /umask 0077/);
  });

  test('is asked for what would be in force while it does not run; defaults are comments there', async () => {
    write('config.toml', documented('crio-config.toml'));
    install(
      'stopped',
      'crio',
      `case "$*" in --version) echo 'crio version 1.30.1';; config) cat ${home}/config.toml;; *) exit 1;; esac`,
    );
    const findings = await checkCrio(setup('stopped'));
    assert.match(
      findings[0]?.found ?? '',
      /not running, reads \/usr\/share\/containers\/oci\/hooks\.d$/,
    );
    assert.ok(wrong(findings).some(([, found]) => found === 'container_create_timeout is 60 s'));
  });

  test('that says nothing is a problem, in its words', async () => {
    install('silent', 'crio', 'echo "FATA validating runtime config" >&2; exit 1');
    const [finding] = await checkCrio(setup('silent'));
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /config: FATA validating runtime config/);
  });
});

describe('NRI', () => {
  test('is told to fail open where an injector adds hooks', () => {
    const { nri } = readContainerdConfig(documented('containerd-2-config-dump.toml'));
    const injector = setup('none', [daemon('hook-injector')]);
    assert.match(wrong(checkNri(nri, injector, false))[0]?.[1] ?? '', /hook-injector fails open/);
    assert.deepEqual(checkNri(nri, injector, true), []);
    assert.deepEqual(checkNri(nri, setup('none'), false, join(home, 'no-plugins')), []);
    mkdirSync(join(home, 'plugins'));
    write('plugins/10-hook-injector', '');
    const byDirectory = checkNri(nri, setup('none'), false, join(home, 'plugins'));
    assert.match(wrong(byDirectory)[0]?.[1] ?? '', /fails open/);
  });

  test('that rejects hooks is a problem', () => {
    const { nri } = readCrioConfig(documented('crio-status-config.toml'));
    const [finding] = checkNri(nri, setup('none', [daemon('hook-injector')]), true);
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /reject_oci_hook_adjustment is set/);
  });

  test('that is not enabled is told', () => {
    const text = documented('containerd-2-config-dump.toml').replace(
      'disable = false',
      'disable = true',
    );
    const { nri } = readContainerdConfig(text);
    const findings = checkNri(nri, setup('none', [daemon('hook-injector')]), false);
    assert.match(wrong(findings)[0]?.[1] ?? '', /NRI is not enabled/);
  });
});

describe('a kubelet', () => {
  function told(yaml: string, args: readonly string[] = [], deadline = 90): Finding | undefined {
    const file = write('kubelet.yaml', yaml);
    const kubelet = daemon('kubelet', { args: ['--config', file, ...args] });
    const config = { file: undefined, deadline };
    return checkKubernetes({ daemons: [kubelet], config })[0];
  }

  test('grants two minutes, unless it is told otherwise', () => {
    const yaml = documented('kubelet-config.yaml');
    assert.match(told(yaml)?.found ?? '', /^runtimeRequestTimeout is 120 s/);
    assert.equal(told(yaml)?.status, 'ok');
    assert.equal(told(yaml, [], 120)?.status, 'warning');
    const shorter = yaml.replace(
      'runtimeRequestTimeout: 0s',
      'runtimeRequestTimeout: "1m0s" # short',
    );
    assert.match(told(shorter)?.found ?? '', /^runtimeRequestTimeout is 60 s/);
    assert.equal(told(shorter)?.status, 'warning');
  });

  test('is told by a flag before its file', () => {
    const yaml = documented('kubelet-config.yaml');
    const finding = told(yaml, ['--runtime-request-timeout=15m']);
    assert.match(finding?.found ?? '', /is 900 s \(--runtime-request-timeout\)$/);
  });

  test('that is not there is not told of; one whose file cannot be read is', () => {
    const config = { file: undefined, deadline: 90 };
    assert.deepEqual(checkKubernetes({ daemons: [], config }, join(home, 'nowhere')), []);
    assert.equal(checkKubernetes({ daemons: [], config }, home)[0]?.status, 'problem');
  });

  test('writes times as Go does', () => {
    assert.deepEqual(
      ['1h2m3s', '1.5s', '100ms', '0s', '0', '2m0s', '', '5', '1 s', 's', '1d'].map(
        parseGoDuration,
      ),
      [3723, 1.5, 0.1, 0, 0, 120, undefined, undefined, undefined, undefined, undefined],
    );
  });
});
