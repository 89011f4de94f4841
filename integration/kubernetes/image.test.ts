/** The installer image, built by Debian's Docker from a local base and without a network, installing on the machine that it runs on. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { after, afterEach, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type PrivateHost, startPrivateHost } from '#integration/install/private-host';
import { changedSettings, readSettings } from '#integration/install/settings';
import { version } from '#tools/version';

const REPOSITORY = fileURLToPath(new URL('../..', import.meta.url));
/** Made by integration/setup.sh: Debian, with the libraries that the executable is linked to. */
const BASE = '/var/lib/oci-measure-test/cache/installer-base.tar';
/** What the image is made of; node_modules, too, since nothing can be fetched: those that checks alone need are large. */
const LEFT_OUT = ['.git', 'dist', 'node_modules/@biomejs', 'node_modules/@typescript'];
const CONTEXT = `${LEFT_OUT.map((path) => `--exclude=./${path}`).join(' ')} .`;
const HOOKS_FILE = '/usr/share/containers/oci/hooks.d/oci-measure.json';
const EXECUTABLE = '/usr/libexec/oci/hooks.d/oci-measure';
const STEP_MS = 60_000;
/** A pod is privileged. This machine has not all that that is; these are what is needed of it. */
const RIGHTS = ['SYS_ADMIN', 'SYS_PTRACE', 'DAC_READ_SEARCH'].map((name) => `--cap-add=${name}`);
const UNCONFINED = ['seccomp', 'apparmor'].map((name) => `--security-opt=${name}=unconfined`);

describe('the installer image', () => {
  const stack = new AsyncDisposableStack();
  let host: PrivateHost;
  let found: Readonly<Record<string, string>>;

  async function docker(...args: readonly string[]): Promise<string> {
    return await host.succeed('docker', ...args);
  }

  before(async () => {
    host = stack.use(await startPrivateHost());
    host.write('/etc/docker/daemon.json', '{"bridge": "none", "iptables": false}\n');
    stack.use(await host.startDaemon(['dockerd'], ['docker', 'version']));
    await docker('import', BASE, 'base');
    const build = 'docker build --network=none --build-arg=BASE=base --tag=oci-measure -';
    await host.succeed(
      'sh',
      '-c',
      `tar -C ${REPOSITORY} -c ${CONTEXT} | DOCKER_BUILDKIT=0 ${build}`,
    );
    found = readSettings(host);
  });
  after(async () => await stack.disposeAsync());

  test('has the executable, which starts in it', async () => {
    const run = ['--network=none', '--entrypoint=oci-measure', 'oci-measure', '--version'];
    assert.equal((await docker('run', '--rm', ...run)).trim(), version);
  });

  test('says how it is used', async () => {
    const { exitCode, stderr } = await host.inside(
      'docker',
      'run',
      '--rm',
      '--network=none',
      'oci-measure',
    );
    assert.equal(exitCode, 2);
    assert.match(stderr, /install\|uninstall ENGINE/);
  });

  test('installs on the machine that is mounted at /host, and takes it away again', async () => {
    const run = ['run', '--rm', '--network=none', '--volume=/:/host', 'oci-measure'];
    await docker(...run, 'install', 'podman');
    assert.ok(existsSync(host.at(HOOKS_FILE)));
    await docker(...run, 'uninstall', 'podman');
    assert.deepEqual(changedSettings(host, found), []);
  });

  describe('on a node', () => {
    afterEach(async () => await host.inside('docker', 'rm', '--force', 'pod'));

    /** Starts what a pod of the DaemonSet is, and waits until it is ready. */
    async function startPod(...args: readonly string[]): Promise<void> {
      const alone = [
        '--env=RETRY_SECONDS=2',
        '--detach',
        '--name=pod',
        '--network=none',
        '--read-only',
        '--tmpfs=/run',
      ];
      const onHost = ['--pid=host', `--env=HOST_PID=${pidOf(host)}`, ...RIGHTS, ...UNCONFINED];
      await docker('run', ...alone, ...onHost, 'oci-measure', 'node', ...args);
    }

    async function logs(): Promise<string> {
      const { stdout, stderr } = await host.inside('docker', 'logs', 'pod');
      return stdout + stderr;
    }

    async function isReady(): Promise<boolean> {
      return (
        (await host.inside('docker', 'exec', 'pod', 'oci-measure-installer', 'check')).exitCode ===
        0
      );
    }

    async function untilReady(): Promise<void> {
      for (const deadline = Date.now() + STEP_MS; !(await isReady()); await sleep(200)) {
        if (Date.now() > deadline) assert.fail((await logs()).slice(-2000));
      }
    }

    async function stopPod(): Promise<void> {
      await docker('stop', '--time=10', 'pod');
      assert.equal((await docker('inspect', '--format={{.State.ExitCode}}', 'pod')).trim(), '0');
      await docker('rm', 'pod');
    }

    test('shows what it would do, and does nothing', async () => {
      await startPod('install', 'podman', '--dry-run');
      await untilReady();
      assert.match(
        await docker('logs', 'pod'),
        /^\+\+\+ \S*\/usr\/share\/containers\/oci\/hooks.d/m,
      );
      await stopPod();
      assert.deepEqual(changedSettings(host, found), []);
    });

    test('installs, is ready when doctor is content, and leaves it there when it ends', async () => {
      // As Debian's initramfs mounts it.
      await host.succeed('mount', '-o', 'remount,noexec', '/run');
      await startPod('install', 'podman');
      await untilReady();
      await stopPod();
      assert.ok(existsSync(host.at(HOOKS_FILE)));
      assert.ok(!existsSync(host.at('/var/lib/oci-measure-installer')));
    });

    test('removes', async () => {
      await startPod('uninstall', 'podman');
      await untilReady();
      await stopPod();
      assert.ok(!existsSync(host.at(EXECUTABLE)));
      assert.deepEqual(changedSettings(host, found), []);
    });

    test('installs nothing, and is not ready, while the next container would be denied', async () => {
      const config = readFileSync(host.config, 'utf8');
      host.write('/etc/oci-measure/config.toml', config.replace('path=', 'path=/nowhere'));
      found = readSettings(host);
      await startPod('install', 'podman');
      for (const deadline = Date.now() + STEP_MS; Date.now() < deadline; await sleep(200)) {
        if ((await logs()).includes('install failed, next try')) break;
      }
      assert.equal(await isReady(), false);
      assert.match(await logs(), /the next container would not start/);
      await stopPod();
      assert.deepEqual(changedSettings(host, found), []);
    });
  });
});

/** Of a process in the mount namespace that is the host. */
function pidOf(host: PrivateHost): string {
  return /^\/proc\/(\d+)/.exec(host.at('/'))?.[1] ?? '';
}
