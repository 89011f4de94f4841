import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { EngineHost, HOOK } from './engine-host.fixture.ts';
import type { Finding } from './finding.ts';

const CONFIG = '/etc/containerd/config.toml';
const SPEC = '/etc/containerd/base.json';
const CRI = '[plugins."io.containerd.grpc.v1.cri".containerd';

/** Without a network plugin, without which the CRI would not start. */
const STARTED = `
  start() {
    "$@" >/run/log 2>&1 &
    until ctr --address /run/containerd/containerd.sock version >/dev/null 2>&1; do
      sleep 0.1
    done
  }`;
const RUNNING = `${STARTED}
  start containerd`;

let host: EngineHost;
before(() => {
  host = new EngineHost();
});
after(() => host[Symbol.dispose]());
beforeEach(() => {
  host.write(CONFIG, config(handler('runc', SPEC)));
  host.write(SPEC, baseSpec({}));
});

function config(...handlers: readonly string[]): string {
  return `version = 2\n${handlers.join('')}`;
}

function handler(name: string, spec: string): string {
  const table = `${CRI}.runtimes.${name}]`;
  return `${table}\nruntime_type = "io.containerd.runc.v2"\nbase_runtime_spec = "${spec}"\n`;
}

function baseSpec({ hooks = [HOOK] as readonly object[], process = {} }): object {
  return { ociVersion: '1.0.2', process, hooks: { createRuntime: hooks } };
}

async function doctor(script = ''): Promise<readonly Finding[]> {
  return await host.doctor('containerd', script);
}

function wrong(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ status }) => status !== 'ok');
}

describe('doctor about containerd', () => {
  test('finds a base spec with the hook, by what containerd says of its configuration', async () => {
    const findings = await doctor();
    assert.deepEqual(wrong(findings), []);
    assert.match(findings[0]?.found ?? '', /containerd 1\.\S+, does not run, configured by \/etc/);
    assert.match(findings.at(-1)?.found ?? '', /^runc: containers of pods call the hook/);
  });

  test('finds the one that runs, and the configuration that it was told to read', async () => {
    host.write('/etc/elsewhere.toml', config(handler('runc', ''), handler('other', SPEC)));
    const command = 'containerd --log-level=warn --config /etc/elsewhere.toml';
    const findings = await doctor(`${STARTED}\n start ${command}`);
    host.remove('/etc/elsewhere.toml');
    assert.match(findings[0]?.found ?? '', /runs as pid \d+, configured by \/etc\/elsewhere\.toml/);
    const [runc, ...others] = wrong(findings);
    assert.deepEqual(others, []);
    assert.equal(runc?.status, 'problem');
    assert.match(runc.found, /^runc, the default, calls no hook$/);
  });

  test('says that what was changed since its start is not in force', async () => {
    assert.deepEqual(wrong(await doctor(RUNNING)), []);
    const findings = wrong(await doctor(`${RUNNING}\n sleep 0.5; touch ${CONFIG} ${SPEC}`));
    assert.deepEqual(
      findings.map(({ check, found }) => [check, found]),
      [['restart', `${SPEC} was changed since it was started`]],
    );
    assert.equal(findings[0]?.mend, 'systemctl restart containerd.service');
  });

  test('tells what the one that runs has in force, not what is on disk', async () => {
    host.write(CONFIG, config(handler('runc', '')));
    const later = config(`${CRI}]\ndefault_runtime_name = "new"\n`, handler('new', SPEC));
    host.write('/etc/later.toml', later);
    const findings = wrong(await doctor(`${RUNNING}\n cp /etc/later.toml ${CONFIG}`));
    assert.deepEqual(
      findings.map(({ check, status }) => [check, status]),
      [
        ['runtime-handler', 'warning'],
        ['restart', 'problem'],
        ['restart', 'problem'],
      ],
    );
    assert.match(
      findings[1]?.found ?? '',
      /the default runtime handler: runc in the containerd that runs, new on disk/,
    );
    assert.match(
      findings[2]?.found ?? '',
      /base_runtime_spec of new: no such handler in the containerd that runs, \S+ on disk/,
    );
  });

  test('a handler without the hook is a warning, and the default one a problem', async () => {
    host.write(CONFIG, config(handler('runc', SPEC), handler('kata', '')));
    assert.deepEqual(
      wrong(await doctor()).map(({ status, found }) => [status, found]),
      [['warning', 'kata, for pods of its RuntimeClass, calls no hook']],
    );
    const table = `${CRI}]\ndefault_runtime_name = "kata"\n`;
    host.write(CONFIG, config(table, handler('runc', SPEC), handler('kata', '')));
    assert.deepEqual(
      wrong(await doctor()).map(({ status, found }) => [status, found]),
      [['problem', 'kata, the default, calls no hook']],
    );
  });

  test('no base spec at all is a warning, and says what to do', async () => {
    host.write(CONFIG, 'version = 2\n');
    const [finding, ...others] = wrong(await doctor());
    assert.deepEqual(others, []);
    assert.deepEqual(
      [finding?.status, finding?.mend],
      ['warning', 'oci-measure install containerd'],
    );
  });

  const specs: readonly (readonly [title: string, spec: unknown, found: RegExp])[] = [
    ['no JSON', '{', /base\.json: .*JSON/],
    ['a hook without env', baseSpec({ hooks: [{ ...HOOK, env: undefined }] }), /no env, so/],
    ['a hook that ends too early', baseSpec({ hooks: [{ ...HOOK, timeout: 20 }] }), /timeout 20/],
    [
      'a hook whose program is gone',
      baseSpec({ hooks: [{ ...HOOK, path: '/nowhere/oci-measure' }] }),
      /"\/nowhere\/oci-measure" is not there/,
    ],
  ];
  for (const [title, spec, found] of specs) {
    test(`a base spec with ${title} is a problem`, async () => {
      host.write(SPEC, spec);
      const [finding] = wrong(await doctor());
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, found);
    });
  }

  test('a base spec that is not there is a problem, as which containerd takes it', async () => {
    host.remove(SPEC);
    const [finding] = wrong(await doctor());
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /base\.json: ENOENT/);
    const plugin = await host.run(`${RUNNING}\n ctr plugins ls | grep -w cri`);
    assert.match(plugin.stdout, /error/);
    const running = wrong(await doctor(RUNNING));
    assert.match(
      running[0]?.found ?? '',
      /^the CRI at \S+ does not answer: gRPC status 12 unknown service/,
    );
  });

  test('a base spec with limits of the default one is a warning', async () => {
    const limits = [{ type: 'RLIMIT_NOFILE', hard: 1024, soft: 1024 }];
    host.write(SPEC, baseSpec({ process: { rlimits: limits } }));
    const [finding] = wrong(await doctor());
    assert.match(finding?.found ?? '', /process\.rlimits \[\{"type":"RLIMIT_NOFILE"/);
  });

  test('a configuration that containerd does not take is a problem, in its words', async () => {
    host.write(CONFIG, 'version =\n');
    const [finding] = wrong(await doctor());
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /config\.toml: containerd: failed to load TOML/);
  });

  test('a default handler that is nowhere is a problem, as which containerd takes it', async () => {
    host.write(CONFIG, config(handler('other', SPEC)));
    const [finding] = wrong(await doctor());
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /^runc, the default, is not configured/);
    const plugin = await host.run(`${RUNNING}\n ctr plugins ls | grep -w cri`);
    assert.match(plugin.stdout, /error/);
  });

  test('one without a CRI makes no containers of its own', async () => {
    host.write(CONFIG, 'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n');
    assert.deepEqual(wrong(await doctor()), []);
  });

  test('a base spec of ours that is not what containerd says any more is a warning', async () => {
    const ours = '/etc/containerd/oci-measure-base-spec.json';
    host.write(CONFIG, config(handler('runc', ours)));
    const make = `ctr oci spec | ${process.execPath} -e '
      const spec = JSON.parse(require("fs").readFileSync(0));
      delete spec.process.rlimits;
      spec.hooks = { createRuntime: [${JSON.stringify(HOOK)}] };
      process.stdout.write(JSON.stringify(spec));' >${ours}`;
    assert.deepEqual(wrong(await doctor(make)), []);
    const older = `${make}\n sed -i s/CAP_CHOWN/CAP_SYSLOG/ ${ours}`;
    const [finding, ...others] = wrong(await doctor(older));
    assert.deepEqual(others, []);
    assert.match(finding?.found ?? '', /base-spec\.json is not what `ctr oci spec` says now$/);
  });

  test('a containerd that does not see what was mounted since is a problem', async () => {
    host.write('/etc/oci-measure/config.toml', '[ima]\nmode = "try"\n');
    const mounted = 'mount -t tmpfs records /var/lib/oci-measure/records';
    const prepared = `mkdir -p /var/lib/oci-measure/records\n ${STARTED}`;
    const own = 'start unshare --mount --propagation private containerd';
    const late = await doctor(`${prepared}\n ${own}\n ${mounted}`);
    const early = await doctor(`${prepared}\n ${mounted}\n ${own}`);
    host.write('/etc/oci-measure/config.toml', '[ima]\nmode = "off"\n');
    const [finding, ...others] = wrong(late);
    assert.deepEqual(others, []);
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /mount namespace of its own, without \S+\/records$/);
    assert.deepEqual(wrong(early), []);
    assert.match(early.at(-1)?.found ?? '', /with all that the hook needs/);
  });

  test('a containerd that does not see the program, where /usr cannot be written, is a problem', async () => {
    const directory = '/usr/local/libexec/oci/hooks.d';
    const program = `
      mount -t tmpfs -o mode=755 local /usr/local
      mkdir -p ${directory}
      touch ${directory}/oci-measure`;
    const own = 'start unshare --mount --propagation private containerd';
    const [finding, ...others] = wrong(await doctor(`${STARTED}\n ${own}\n ${program}`));
    assert.deepEqual(others, []);
    assert.match(finding?.found ?? '', /without \/usr\/local\/\S+\/oci-measure$/);
  });

  test('a configuration that others can change is a problem', async () => {
    const [finding, ...others] = wrong(await doctor(`chmod 666 ${CONFIG}`));
    assert.deepEqual(others, []);
    assert.deepEqual([finding?.check, finding?.status], ['ownership', 'problem']);
    assert.match(finding?.found ?? '', /config\.toml" is writable by others/);
  });

  test('a process that only calls itself containerd, in a container, is not taken for one', async () => {
    const impostor = `
      mkdir /run/program
      cp /bin/sleep /run/program/containerd`;
    const command = '/run/program/containerd 60 >/dev/null 2>&1 &\n sleep 0.2';
    const inside = `unshare --mount --pid --fork --mount-proc ${command}`;
    assert.match((await doctor(`${impostor}\n${inside}`))[0]?.found ?? '', /does not run/);
    const outside = await doctor(`${impostor}\n${command}`);
    assert.match(outside[0]?.found ?? '', /^\/run\/program\/containerd --config/);
  });
});
