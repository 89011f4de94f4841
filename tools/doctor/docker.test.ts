import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type Front, frontText } from '#tools/install/docker/front';
import { EngineHost, HOOK } from './engine-host.fixture.ts';
import type { Finding } from './finding.ts';

const CONFIG = '/etc/docker/daemon.json';
const FRONT = '/usr/libexec/oci/hooks.d/oci-measure-runc';
const OURS = { 'default-runtime': 'oci-measure', runtimes: { 'oci-measure': { path: FRONT } } };
/** For a host that has neither a network nor a systemd. */
const ALONE = {
  bridge: 'none',
  iptables: false,
  'ip-forward': false,
  'ip-masq': false,
  'storage-driver': 'vfs',
};

/** Starts dockerd and waits until it answers. */
const RUNNING = `
  dockerd >/run/log 2>&1 &
  until docker version >/dev/null 2>&1; do sleep 0.1; done`;

let host: EngineHost;
before(() => {
  host = new EngineHost();
});
after(() => host[Symbol.dispose]());
beforeEach(() => {
  host.write(CONFIG, { ...ALONE, ...OURS });
  writeFront({});
});

function writeFront(front: Partial<Front>): void {
  const record = { file: CONFIG, defaultRuntime: null, hadRuntimes: false };
  host.write(
    FRONT,
    frontText({ record, runtime: ['/usr/sbin/runc'], entry: HOOK, ...front }),
    0o755,
  );
}

async function doctor(script = ''): Promise<readonly Finding[]> {
  return await host.doctor('docker', script);
}

function wrong(findings: readonly Finding[]): readonly Finding[] {
  return findings.filter(({ status }) => status !== 'ok');
}

describe('doctor about Docker', () => {
  test('asks the one that runs what its default runtime is, and looks behind the front', async () => {
    const findings = await doctor(RUNNING);
    assert.deepEqual(wrong(findings), []);
    assert.match(
      findings[0]?.found ?? '',
      /dockerd 20\.\S+, pid \d+, asked at \/run\/docker\.sock, starts oci-measure$/,
    );
    assert.deepEqual(
      findings.map(({ check }) => check),
      ['engine', 'hook-entry', 'runtime', 'runtime-handler'],
    );
  });

  test('asks at the socket that it was told to make', async () => {
    const elsewhere = RUNNING.replace('dockerd', 'dockerd --host=unix:///run/other.sock').replace(
      'docker version',
      'docker --host unix:///run/other.sock version',
    );
    const findings = await doctor(elsewhere);
    assert.deepEqual(wrong(findings), []);
    assert.match(findings[0]?.found ?? '', /asked at \/run\/other\.sock/);
  });

  test('reads daemon.json where none runs, and says so', async () => {
    const findings = await doctor();
    assert.deepEqual(wrong(findings), []);
    assert.match(findings[0]?.found ?? '', /which does not run, would start oci-measure/);
  });

  test('says that what it has in force is not what is on disk', async () => {
    host.write(CONFIG, ALONE);
    const text = JSON.stringify({ ...ALONE, ...OURS });
    const findings = wrong(await doctor(`${RUNNING}\n echo '${text}' >${CONFIG}`));
    assert.deepEqual(
      findings.map(({ check, mend }) => [check, mend]),
      [
        ['runtime-handler', 'oci-measure install docker'],
        ['restart', 'systemctl reload docker.service'],
      ],
    );
  });

  test('without our front nothing calls the hook', async () => {
    host.write(CONFIG, ALONE);
    const [finding, ...others] = wrong(await doctor());
    assert.deepEqual(others, []);
    assert.deepEqual([finding?.status, finding?.mend], ['warning', 'oci-measure install docker']);
    host.write(CONFIG, { ...ALONE, runtimes: OURS.runtimes });
    assert.equal(wrong(await doctor())[0]?.status, 'problem');
  });

  test('other runtimes that containers can be started with are named', async () => {
    const runtimes = { ...OURS.runtimes, nvidia: { path: '/usr/bin/nvidia', runtimeArgs: [] } };
    host.write(CONFIG, { ...OURS, runtimes });
    const [finding, ...others] = wrong(await doctor());
    assert.deepEqual(others, []);
    assert.match(finding?.found ?? '', /started with --runtime nvidia call no hook/);
  });

  const fronts: readonly (readonly [title: string, front: Partial<Front>, found: RegExp])[] = [
    ['only hands over', { entry: undefined }, /only hands over/],
    [
      'hands over to nothing',
      { runtime: ['/nowhere/runc'] },
      /"\/nowhere\/runc", which is not there/,
    ],
    ['adds a hook without env', { entry: { ...HOOK, env: [] } }, /no env, so/],
    [
      'adds a hook that is gone',
      { entry: { ...HOOK, path: "/no'where/oci-measure" } },
      /is not there/,
    ],
  ];
  for (const [title, front, found] of fronts) {
    test(`a front that ${title} is a problem`, async () => {
      writeFront(front);
      const [finding, ...others] = wrong(await doctor());
      assert.deepEqual(others, []);
      assert.equal(finding?.status, 'problem');
      assert.match(finding.found, found);
    });
  }

  test('a front that only hands over is not said to call the hook', async () => {
    writeFront({ entry: undefined });
    const checks = (await doctor()).map(({ check }) => check);
    assert.deepEqual(checks, ['engine', 'front', 'runtime']);
  });

  test('what a removal left for containers that were created before is a warning, before and after a restart', async () => {
    const removed = { ...ALONE, runtimes: OURS.runtimes };
    writeFront({ entry: undefined });
    const left = `echo '${JSON.stringify(removed)}' >${CONFIG}`;
    for (const script of [left, `${RUNNING}\n${left}`, `${left}\n${RUNNING}`]) {
      host.write(CONFIG, { ...ALONE, ...OURS });
      const [finding, ...others] = wrong(await doctor(script));
      assert.deepEqual(others, []);
      assert.equal(finding?.status, 'warning');
      assert.match(finding.found, /^uninstalled but for .*oci-measure-runc/);
    }
  });

  test('a dockerd without a daemon.json is not said to have one', async () => {
    const [finding] = await doctor(`rm ${CONFIG}`);
    assert.match(finding?.found ?? '', /as there is no \/etc\/docker\/daemon\.json$/);
  });

  test('a runtime behind the front that has a space in its name is found', async () => {
    host.write('/usr/libexec/with space/runc', '#!/bin/sh\nexec runc "$@"\n', 0o755);
    writeFront({ runtime: ['/usr/libexec/with space/runc', '--debug'] });
    assert.deepEqual(wrong(await doctor()), []);
  });

  test('a front that others can change is a problem', async () => {
    const findings = wrong(await doctor(`chmod 757 ${FRONT}`));
    assert.match(findings[0]?.found ?? '', /oci-measure-runc" is writable by others/);
  });

  test('a daemon.json that is none is a problem', async () => {
    host.write(CONFIG, '{"runtimes": ');
    const [finding] = wrong(await doctor());
    assert.equal(finding?.status, 'problem');
    assert.match(finding.found, /daemon\.json: .*JSON/);
  });
});
