import { execa } from 'execa';
import type { EngineInstaller } from '#tools/install/engine-plan';
import type { Host } from '#tools/install/host';
import { podmanHooksDirectories } from './containers-conf.ts';
import { dropInPath, type HooksEngine, planHooksFile, planRemoval } from './hooks-plan.ts';

const TIME_LIMIT_MS = 10_000;

/** podman, and buildah, of root: docs/engines/podman.md. */
export const podman: EngineInstaller = {
  install: async (host, options) => planHooksFile(host, options, await engineOf(host)),
  uninstall: async (host, recorded) => planRemoval(host, recorded, await engineOf(host)),
};

async function engineOf(host: Host): Promise<HooksEngine> {
  const major = host.isThisMachine ? await majorVersion() : undefined;
  return {
    name: 'podman',
    directories: (dropIn) => podmanHooksDirectories(host, major, dropIn),
    dropIn: { path: dropInPath('/etc/containers/containers.conf.d'), table: 'engine' },
    notes: [
      'podman reads it whenever a container starts: nothing is to be restarted',
      'rootless containers: their podman starts the hook, too, which skips them (classes.rootless)',
      'RUN steps of `podman build` and `buildah` are skipped and recorded as such (classes.build)',
    ],
  };
}

/** Of the podman that is here; undefined if there is none. */
async function majorVersion(): Promise<number | undefined> {
  const { exitCode, stdout } = await execa('podman', ['--version'], {
    reject: false,
    stdin: 'ignore',
    timeout: TIME_LIMIT_MS,
    extendEnv: false,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/bin' },
  });
  const found = /^podman version (\d+)\./.exec(stdout)?.[1];
  return exitCode !== 0 || found === undefined ? undefined : Number(found);
}
