import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { EngineHost, HOOKS_FILE } from './engine-host.fixture.ts';
import type { Finding } from './finding.ts';
import { checkHooksDirectories } from './hooks-directories.ts';
import { hooksDirectoriesIn } from './podman.ts';

const HOOKS = '/usr/share/containers/oci/hooks.d';
const DROP_IN = '/etc/containers/containers.conf.d/50-test.conf';

let host: EngineHost;
before(() => {
  host = new EngineHost();
});
after(() => host[Symbol.dispose]());

function only(findings: readonly Finding[], check: string): Finding | undefined {
  const [finding, ...others] = findings.filter((one) => one.check === check);
  assert.deepEqual(others, []);
  return finding;
}

/** Whether podman starts a container of no image, for one hooks file after the other. */
const STARTS = `
  mkdir -p /run/rootfs/usr ${HOOKS}
  for name in bin lib lib64; do ln -s usr/$name /run/rootfs/$name; done
  start() {
    podman --root /var/lib/containers/other --storage-driver vfs --runtime runc --events-backend none --cgroup-manager cgroupfs \\
      run --rm --network none --log-driver none --ulimit nofile=1024:1024 --ulimit nproc=1024:1024 \\
      --volume /usr:/usr:ro --rootfs /run/rootfs /bin/true
  }
  for file in "$0"/files/*; do
    cp "$file" ${HOOKS}/other.json
    if start 2>/run/error; then echo started; else tail -n 1 /run/error; fi
  done`;

describe('doctor about podman', () => {
  test('asks it for its hooks directories, and finds our hook there', async () => {
    host.write(DROP_IN, '[engine]\nhooks_dir = ["/etc/one", "/etc/two, and three"]\n');
    host.write('/etc/two, and three/oci-measure.json', HOOKS_FILE);
    const findings = await host.doctor('podman');
    host.remove(DROP_IN);
    host.remove('/etc/two, and three');
    assert.match(
      only(findings, 'engine')?.found ?? '',
      /podman 4\.\S+ reads \/etc\/one and \/etc\/two, and three$/,
    );
    assert.equal(only(findings, 'hook-entry')?.status, 'ok');
    assert.equal(only(findings, 'runtime')?.status, 'ok');
  });

  test('says that no directory has our hook, and what to do', async () => {
    const entry = only(await host.doctor('podman'), 'hook-entry');
    assert.equal(entry?.status, 'warning');
    assert.equal(entry.mend, 'oci-measure install podman');
  });

  test('finds our hook in a directory that podman does not read missing', async () => {
    host.write('/etc/containers/oci/hooks.d/oci-measure.json', HOOKS_FILE);
    const findings = await host.doctor('podman');
    assert.equal(only(findings, 'hook-entry')?.status, 'warning');
    host.write(DROP_IN, '[engine]\nhooks_dir = []\n');
    const both = await host.doctor('podman');
    host.remove(DROP_IN);
    host.remove('/etc/containers/oci');
    assert.equal(only(both, 'hook-entry')?.status, 'ok');
  });

  test('tells what podman says of a containers.conf that it cannot read', async () => {
    host.write(DROP_IN, '[engine]\nhooks_dir =\n');
    const findings = await host.doctor('podman');
    host.remove(DROP_IN);
    assert.deepEqual(
      findings.map(({ status }) => status),
      ['problem'],
    );
    assert.match(findings[0]?.found ?? '', /50-test\.conf/);
  });

  test('warns of a umask that changes what is unpacked', async () => {
    const findings = await host.doctor('podman', 'umask 077');
    assert.equal(only(findings, 'umask')?.status, 'warning');
    assert.equal(only(await host.doctor('podman', 'umask 022'), 'umask'), undefined);
  });

  test('warns of a configuration that denies builds and what users start', async () => {
    const config = '/etc/oci-measure/config.toml';
    host.write(`${HOOKS}/oci-measure.json`, HOOKS_FILE);
    host.write(config, '[ima]\nmode = "off"\n[classes]\nbuild = "deny"\nrootless = "measure"\n');
    const findings = await host.doctor('podman');
    const [build, ...others] = (await host.doctor('buildah')).filter(
      ({ status }) => status !== 'ok',
    );
    host.remove(`${HOOKS}/oci-measure.json`);
    host.write(config, '[ima]\nmode = "off"\n');
    assert.deepEqual(others, []);
    assert.match(build?.found ?? '', /^classes\.build is "deny"/);
    const denials = findings.filter(({ check }) => check === 'classes');
    assert.deepEqual(
      denials.map(({ found }) => found.split(':')[0]),
      ['classes.rootless is "measure"', 'classes.build is "deny"'],
    );
  });

  const good = { version: '1.0.0', hook: { path: '/bin/true' }, when: { always: true } };
  const files: readonly (readonly [title: string, content: unknown])[] = [
    ['a hook', { ...good, stages: ['createRuntime'] }],
    ['another member', { ...good, '//': 'mine', stages: ['poststop'] }],
    ['no stage at all', { ...good, stages: [] }],
    [
      'the schema before',
      { version: '0.1.0', hook: '/bin/true', stages: ['prestart'], cmds: ['.*'] },
    ],
    ['precreate', { ...good, stages: ['precreate'], when: { always: false } }],
    ['no version', { hook: '/bin/true', stage: ['prestart'], cmd: ['.*'] }],
    ['text that is no JSON', '{'],
    ['nothing', ''],
    ['a list', '[]'],
    ['no version of 1.0.0', { ...good, version: undefined, stages: ['poststop'] }],
    ['another version', { ...good, version: '1.1.0', stages: ['poststop'] }],
    ['no stages', good],
    ['an unknown stage', { ...good, stages: ['createRuntime', 'start'] }],
    ['no path', { ...good, hook: {}, stages: ['poststop'] }],
    ['a path to nothing', { ...good, hook: { path: '/nowhere' }, stages: ['poststop'] }],
    [
      'a timeout that is a text',
      { ...good, hook: { path: '/bin/true', timeout: '1' }, stages: ['poststop'] },
    ],
    [
      'a timeout that is a fraction',
      { ...good, hook: { path: '/bin/true', timeout: 1.5 }, stages: ['poststop'] },
    ],
    [
      'args that are a text',
      { ...good, hook: { path: '/bin/true', args: 'x' }, stages: ['poststop'] },
    ],
    ['stages that are a text', { ...good, stages: 'poststop' }],
    [
      'a regular expression that is none',
      { ...good, when: { annotations: { '[': 'a' } }, stages: ['poststop'] },
    ],
    ['always as a text', { ...good, when: { always: 'true' }, stages: ['poststop'] }],
  ];
  test('finds a problem in a file if, and only if, podman does', async () => {
    const own = join(host.directory, 'files');
    mkdirSync(own);
    const paths = files.map(([title, content], index) => {
      const directory = join(host.directory, `hooks-${index}`);
      mkdirSync(directory);
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      for (const path of [join(directory, 'other.json'), join(own, `${index + 10}`)]) {
        writeFileSync(path, text);
      }
      return [title, directory] as const;
    });
    const { stdout, stderr } = await host.run(STARTS);
    const answers = stdout.trimEnd().split('\n');
    assert.equal(answers.length, files.length, `${stdout}\n${stderr}`);
    for (const [index, [title, directory]] of paths.entries()) {
      const problems = checkHooksDirectories({
        directories: [directory],
        config: { file: undefined, deadline: undefined },
        executable: process.execPath,
        mend: '',
      }).filter(({ status }) => status === 'problem');
      assert.equal(
        problems.length === 0,
        answers[index] === 'started',
        `${title}: ${answers[index]}`,
      );
    }
  });
});

test('lists of podman --help are read as Go writes them', () => {
  const flag = '      --hooks-dir strings   Set the directory (may be set multiple times)';
  assert.deepEqual(hooksDirectoriesIn(`${flag} (default [/a])\n`), ['/a']);
  assert.deepEqual(hooksDirectoriesIn(`x\n${flag} (default [/a,"/b, ""c""",/d e])\ny`), [
    '/a',
    '/b, "c"',
    '/d e',
  ]);
  assert.deepEqual(hooksDirectoriesIn(`${flag}\n`)?.length, 2);
  assert.equal(hooksDirectoriesIn('  --runtime string\n'), undefined);
});
