import { execa } from 'execa';
import { hooksDirectoriesIn } from '#tools/doctor/podman';
import { CHILD_PROCESS } from '#tools/install/child-process';
import type { EngineInstaller } from '#tools/install/engine-plan';
import type { Host } from '#tools/install/host';
import { podmanHooksDirectories } from './containers-conf.ts';
import type { HooksDirectories } from './directory-choice.ts';
import { dropInPath, type HooksEngine, planHooksFile, planRemoval } from './hooks-plan.ts';

const TIME_LIMIT_MS = 10_000;

/** podman, and buildah, of root: docs/engines/podman.md. */
export const podman: EngineInstaller = {
  install: async (host, options) => planHooksFile(host, options, await engineOf(host)),
  uninstall: async (host, recorded) => planRemoval(host, recorded, await engineOf(host)),
};

async function engineOf(host: Host): Promise<HooksEngine> {
  const { major, told } = host.isThisMachine ? await askPodman() : NOTHING_TOLD;
  return {
    name: 'podman',
    directories: (dropIn) =>
      dropIn === undefined && told !== undefined
        ? [told]
        : podmanHooksDirectories(host, major, dropIn),
    dropIn: { path: dropInPath('/etc/containers/containers.conf.d'), table: 'engine' },
    notes: [
      ...(host.isThisMachine && major === undefined ? ['there is no podman here yet'] : []),
      'podman reads it whenever a container starts: nothing is to be restarted',
      'rootless containers: their podman starts the hook, too, which skips them (classes.rootless)',
      'RUN steps of `podman build` and `buildah` are skipped and recorded as such (classes.build)',
    ],
  };
}

interface Answer {
  /** Of its version. */
  readonly major: number | undefined;
  /** What it reads now. */
  readonly told: HooksDirectories | undefined;
}

const NOTHING_TOLD: Answer = { major: undefined, told: undefined };

/** The podman that is here, as root has it; nothing where there is none. */
async function askPodman(): Promise<Answer> {
  const [version, help] = await Promise.all([runPodman('--version'), runPodman('--help')]);
  const major = /^podman version (\d+)\./.exec(version)?.[1];
  if (major === undefined) return NOTHING_TOLD;
  return { major: Number(major), told: hooksDirectoriesIn(help) };
}

async function runPodman(argument: string): Promise<string> {
  const { exitCode, stdout } = await execa('podman', [argument], {
    ...CHILD_PROCESS,
    timeout: TIME_LIMIT_MS,
    env: { ...CHILD_PROCESS.env, HOME: '/root' },
  });
  return exitCode === 0 ? stdout : '';
}
