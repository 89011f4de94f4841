import { execa } from 'execa';

export type RuntimeName = 'runc' | 'crun';

export interface Ended {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end, whatever that is. */
export async function run(
  program: string,
  args: readonly string[],
  input: string | Uint8Array = '',
  env: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  const { exitCode, stdout, stderr } = await execa(program, args, { input, env, reject: false });
  return { exitCode, stdout, stderr };
}

/**
 * Runs a container to its end. crun refuses a host that mounts cgroup v2 beside v1, so it runs in a mount namespace
 * in which that second mount is gone.
 */
export async function runContainer(
  runtime: RuntimeName,
  id: string,
  bundle: string,
): Promise<Ended> {
  return runtime === 'runc'
    ? await run('runc', ['run', '--bundle', bundle, id])
    : await run('unshare', ['--mount', 'sh', '-c', crunScript, 'sh', bundle, id]);
}

const crunScript = `
  if mountpoint -q /sys/fs/cgroup/unified; then umount /sys/fs/cgroup/unified; fi
  exec crun run --bundle "$1" "$2"`;
