/** Debian's Docker, with the front that `oci-measure install docker` puts into runc's place: nobody but the log notices it. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { oneLayer } from '#integration/images';
import { type PrivateHost, startPrivateHost } from '#integration/install/private-host';
import { program } from '#integration/program';
import { readLog } from '#integration/replay-oracle';

const FRONT = '/usr/libexec/oci/hooks.d/oci-measure-runc';
const EXECUTABLE = '/usr/libexec/oci/hooks.d/oci-measure';
const DAEMON_JSON = '/etc/docker/daemon.json';
const SETTINGS = `{
\t"bridge": "none",   "iptables": false, "ip6tables": false,
\t"runtimes": {"other": {"path": "/usr/sbin/runc"}}
}
`;
const ALONE = ['--network=none', '--log-driver=none'];

interface Finding {
  readonly engine?: string;
  readonly status: string;
  readonly found: string;
}

describe('Docker, installed and reloaded,', () => {
  const stack = new AsyncDisposableStack();
  let host: PrivateHost;
  let daemon: AsyncDisposable;

  async function docker(...args: readonly string[]): Promise<string> {
    return (await host.succeed('docker', ...args)).trim();
  }

  async function run(...options: readonly string[]): Promise<string> {
    return await docker('run', '--rm', ...ALONE, ...options);
  }

  /** The types of the records that came meanwhile. */
  async function recordsOf(action: () => Promise<unknown>): Promise<readonly unknown[]> {
    const count = readLog(host).length;
    await action();
    return readLog(host)
      .slice(count)
      .map(({ event }) => event['type']);
  }

  const log = (): string => `${host.directory}/dockerd.log`;

  async function reload(): Promise<void> {
    const since = readFileSync(log()).length;
    await host.succeed('sh', '-c', 'kill -HUP "$(cat /run/docker.pid)"');
    for (let tries = 0; tries < 100; tries += 1) {
      if (readFileSync(log(), 'utf8').slice(since).includes('Reloaded configuration')) return;
      await sleep(50);
    }
    assert.fail(readFileSync(log(), 'utf8').slice(since));
  }

  before(async () => {
    host = stack.use(await startPrivateHost());
    host.write(DAEMON_JSON, SETTINGS);
    daemon = stack.use(await host.startDaemon(['dockerd'], ['docker', 'version']));
    await docker('load', '--input', oneLayer.dockerArchive);
    const { exitCode, stdout, stderr } = await host.oci('install', 'docker');
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, /systemctl reload docker.service/);
    await reload();
    await run('image:latest', 'true');
  });
  after(async () => await stack.disposeAsync());

  test('measures a container, and hands over what it reads and writes', async () => {
    const records = await recordsOf(async () => {
      const line = `printf 'a b\\n' | docker run -i --rm ${ALONE.join(' ')} image:latest sh -c 'cat; echo "$1" >&2; exit 7' sh 'x  y'`;
      const { exitCode, stdout, stderr } = await host.inside('sh', '-c', line);
      assert.deepEqual([exitCode, stdout, stderr], [7, 'a b', 'x  y']);
    });
    assert.deepEqual(records, ['container']);
  });

  test('executes, stops, starts and restarts; each start is a record, and nothing else', async () => {
    const options = ['--detach', '--name=web', '--init', ...ALONE, 'image:latest', 'sleep', '1000'];
    assert.deepEqual(await recordsOf(async () => await docker('run', ...options)), ['container']);
    const quiet = await recordsOf(async () => {
      assert.equal(await docker('exec', 'web', 'cat', '/proc/1/comm'), 'docker-init');
      const { exitCode } = await host.inside('docker', 'exec', 'web', 'sh', '-c', 'exit 9');
      assert.equal(exitCode, 9);
      await docker('pause', 'web');
      await docker('unpause', 'web');
      await docker('kill', '--signal=CONT', 'web');
      await docker('stop', '--time=1', 'web');
    });
    assert.deepEqual(quiet, []);
    const starts = await recordsOf(async () => {
      await docker('start', 'web');
      await docker('restart', '--time=1', 'web');
    });
    assert.deepEqual(starts, ['container', 'container']);
    const writable = readLog(host).at(-1)?.event['writable'];
    assert.deepEqual(writable, ['pristine', 'pristine']);
  });

  test('does not measure what is started with another runtime', async () => {
    for (const runtime of ['runc', 'other']) {
      const records = await recordsOf(
        async () => await run(`--runtime=${runtime}`, 'image:latest', 'true'),
      );
      assert.deepEqual(records, []);
    }
  });

  test('says why a container was denied', async () => {
    const config = readFileSync(host.config);
    writeFileSync(host.config, 'nonsense');
    const { exitCode, stderr } = await host.inside(
      'docker',
      'run',
      ...ALONE,
      'image:latest',
      'true',
    );
    writeFileSync(host.config, config);
    assert.notEqual(exitCode, 0);
    assert.match(stderr, /oci-measure: container not measured: .*config.toml/);
  });

  test('says why a container was not even created', async () => {
    const front = host.at(FRONT);
    const text = readFileSync(front, 'utf8');
    writeFileSync(front, text.replace('add-hook', 'add-hook nonsense'));
    const wrong = await host.inside('docker', 'run', ...ALONE, 'image:latest', 'true');
    writeFileSync(front, text);
    assert.notEqual(wrong.exitCode, 0);
    await host.succeed('mv', EXECUTABLE, `${EXECUTABLE}.away`);
    const gone = await host.inside('docker', 'run', ...ALONE, 'image:latest', 'true');
    await host.succeed('mv', `${EXECUTABLE}.away`, EXECUTABLE);
    assert.notEqual(gone.exitCode, 0);
    assert.match(
      gone.stderr,
      /OCI runtime create failed: oci-measure: .*hooks.d\/oci-measure is missing/,
    );
  });

  test('removed under a running container, lets it be executed in and stopped', async () => {
    const id = await docker('create', '--name=created', ...ALONE, 'image:latest', 'true');
    const { exitCode, stdout, stderr } = await host.inside(program, 'uninstall', 'docker');
    assert.equal(exitCode, 0, stderr);
    assert.match(stdout, new RegExp(`only hands over.* containers by it.*${id.slice(0, 12)}`));
    assert.match(stdout, /until it is restarted/);
    const settings: unknown = JSON.parse(readFileSync(host.at(DAEMON_JSON), 'utf8'));
    assert.deepEqual(settings, {
      ...JSON.parse(SETTINGS),
      runtimes: { ...JSON.parse(SETTINGS).runtimes, 'oci-measure': { path: FRONT } },
    });
    const records = await recordsOf(async () => {
      assert.equal(await docker('exec', 'web', 'echo', 'executed'), 'executed');
      await run('image:latest', 'true');
      await docker('stop', '--time=1', 'web');
      await docker('rm', 'web');
    });
    assert.deepEqual(records, []);
  });

  test('restarted, starts what was created before, and measures nothing', async () => {
    await daemon[Symbol.asyncDispose]();
    stack.use(await host.startDaemon(['dockerd'], ['docker', 'version']));
    assert.equal(await docker('info', '--format={{.DefaultRuntime}}'), 'runc');
    const records = await recordsOf(async () => {
      assert.equal(await docker('start', '--attach', 'created'), '');
      await run('image:latest', 'true');
    });
    assert.deepEqual(records, []);
    const { stdout } = await host.inside(program, 'doctor', '--json');
    const { findings } = JSON.parse(stdout) as { findings: Finding[] };
    const [finding, ...others] = findings.filter(
      ({ engine, status }) => engine === 'docker' && status !== 'ok',
    );
    assert.deepEqual(others, []);
    assert.equal(finding?.status, 'warning');
    assert.match(finding.found, /uninstalled but for .*oci-measure-runc/);
  });

  test('once those are gone, the next removal takes the rest', async () => {
    // Those that were denied above, too.
    await docker('container', 'prune', '--force');
    const { exitCode, stderr } = await host.inside(program, 'uninstall', 'docker');
    assert.equal(exitCode, 0, stderr);
    assert.equal(readFileSync(host.at(DAEMON_JSON), 'utf8'), SETTINGS);
    const left = await host.succeed(
      'sh',
      '-c',
      'ls /usr/libexec/oci /etc/docker/*oci* 2>/dev/null; :',
    );
    assert.equal(left, '');
    assert.deepEqual(await recordsOf(async () => await run('image:latest', 'true')), []);
  });
});
