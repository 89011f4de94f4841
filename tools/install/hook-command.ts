import type { EngineOptions } from './engine-plan.ts';

/** A hook entry (runtime-spec, "POSIX-platform Hooks"), the same for every engine. */
export interface HookCommand {
  readonly path: string;
  readonly args: readonly string[];
  readonly env: readonly string[];
  /** Seconds. */
  readonly timeout: number;
}

/** `env` is never left out: without it a runtime hands its own environment, LD_PRELOAD and all, to the hook. */
export function hookCommand({ config, timeout, executable }: EngineOptions): HookCommand {
  const options = config === undefined ? [] : ['--config', config];
  return {
    path: executable,
    args: ['oci-measure', 'hook', ...options, 'createRuntime'],
    env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'],
    timeout,
  };
}
