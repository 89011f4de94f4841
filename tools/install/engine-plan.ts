import type { FileChange } from './file-change.ts';
import type { Host } from './host.ts';

/** What one engine's installation or removal does; decided, and shown, before anything is done. */
export interface EnginePlan {
  /**
   * Of the engine's own files, in the order that never leaves a moment in which containers cannot start: what names the executable
   * first, then what names that; removal in reverse. The executable itself is put there before them and taken away after them by
   * whoever carries the plan out (carry-out.ts), which also keeps the record of what was installed.
   */
  readonly changes: readonly FileChange[];
  /** What whoever installs has to know: what rootless and build containers get, what is not covered, what has to be restarted. Lines. */
  readonly notes: readonly string[];
  /**
   * What takes the changes in; carried out with `--restart` only, else told. Given too where nothing has to be changed any more. Until an
   * engine that keeps its configuration in memory has taken a removal in, the executable stays.
   */
  readonly restart?: Restart;
  /**
   * Of a removal: something of it has to stay for now, so the engine stays installed, with the record, the backups and the executable, until
   * a removal is asked for again.
   */
  readonly isUnfinished?: boolean;
}

export interface Restart {
  /** Of systemd: `containerd.service`. */
  readonly unit: string;
  readonly action: 'restart' | 'reload';
}

export interface EngineOptions {
  /** The file named by the hook's `--config`: an absolute path on the host. Undefined: the default one. */
  readonly config: string | undefined;
  /** Seconds after which a runtime ends the hook: the configured deadline + 10. */
  readonly timeout: number;
  /** What the hook entry starts: the executable's path on the host. */
  readonly executable: string;
}

export interface EngineInstaller {
  /** @throws ToolError `install` if something cannot be done without harm */
  install(host: Host, options: EngineOptions): Promise<EnginePlan>;
  /**
   * Whatever may be there: all, nothing, or what a killed installation left, edited meanwhile or not.
   *
   * @param recorded host paths that earlier installations for this engine changed or meant to change
   * @param isForced whether everything goes, whoever still needs it
   * @throws ToolError `install` if something cannot be done without harm
   */
  uninstall(host: Host, recorded: readonly string[], isForced?: boolean): Promise<EnginePlan>;
}
